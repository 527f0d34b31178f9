"""Counts words without making them; mypyc compiles it."""


def count(text: str) -> int:
    """Return how many words a text has."""
    found = 0
    inside = False
    for letter in text:
        if letter == " ":
            inside = False
        elif not inside:
            inside = True
            found += 1
    return found
