# cython: language_level=3
"""Counts words without making them."""


def count(str text) -> int:
    """Return how many words a text has."""
    cdef Py_ssize_t found = 0
    cdef bint inside = False
    cdef Py_UCS4 letter
    for letter in text:
        if letter == u" ":
            inside = False
        elif not inside:
            inside = True
            found += 1
    return found
