# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""An order book of flat sorted arrays: see implementations/book/contract.py for what it must hold."""

from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.string cimport memmove

include "slots.pxi"
include "levels.pxi"
include "side.pxi"

cdef Shape book_shape
cdef tuple BOOK_NAMES = ("bids", "asks", "reset")


cdef int apply_side(Side *side, object levels, double sign) except -1:
    cdef double price, size
    cdef int touched = 0
    cdef object level
    cdef Py_ssize_t i
    if type(levels) is list:
        for i in range(len(<list>levels)):
            level = (<list>levels)[i]
            read_level(level, &price, &size)
            touched |= side_set(side, sign * price, size)
        return touched
    for level in levels:
        read_level(level, &price, &size)
        touched |= side_set(side, sign * price, size)
    return touched


cdef int replace_side(Side *side, object levels, double sign) except -1:
    """Take a whole side. Snapshots come best first, so that backwards each level belongs at the end."""
    cdef double price, size
    cdef list given = levels if type(levels) is list else list(levels)
    cdef Py_ssize_t i = len(given)
    side.count = 0
    side_reserve(side, i)
    while i > 0:
        i -= 1
        read_level(given[i], &price, &size)
        price *= sign
        if size == 0.0 or (side.count and price <= side.keys[side.count - 1]):
            side.count = 0
            apply_side(side, given, sign)
            break
        side.keys[side.count] = price
        side.sizes[side.count] = size
        side.count += 1
    return 1


cdef class FlatBook:
    """Two sorted arrays a side; the top is kept until a level at or above the best is touched."""

    cdef Side bids
    cdef Side asks
    cdef tuple kept

    def __dealloc__(self):
        side_free(&self.bids)
        side_free(&self.asks)

    def apply(self, message):
        cdef object bids, asks, reset
        if shape_fits(&book_shape, <PyObject *>message, <PyObject *>BOOK_NAMES):
            bids = <object>shape_read(&book_shape, <PyObject *>message, 0)
            asks = <object>shape_read(&book_shape, <PyObject *>message, 1)
            reset = <object>shape_read(&book_shape, <PyObject *>message, 2)
        else:
            bids = message.bids
            asks = message.asks
            reset = message.reset
        if reset is not False and reset:
            replace_side(&self.bids, bids, 1.0)
            replace_side(&self.asks, asks, -1.0)
            self.kept = None
        elif apply_side(&self.bids, bids, 1.0) | apply_side(&self.asks, asks, -1.0):
            self.kept = None

    def top(self):
        cdef double bid = 0.0, bid_size = 0.0, ask = 0.0, ask_size = 0.0
        if self.kept is None:
            if self.bids.count:
                bid = self.bids.keys[self.bids.count - 1]
                bid_size = self.bids.sizes[self.bids.count - 1]
            if self.asks.count:
                ask = -self.asks.keys[self.asks.count - 1]
                ask_size = self.asks.sizes[self.asks.count - 1]
            self.kept = (bid, bid_size, ask, ask_size)
        return self.kept

    def depth(self, Py_ssize_t levels):
        return pairs(&self.bids, levels, 1.0), pairs(&self.asks, levels, -1.0)


cdef list pairs(Side *side, Py_ssize_t levels, double sign):
    cdef Py_ssize_t i = side.count
    cdef Py_ssize_t end = max(side.count - max(levels, 0), 0)
    cdef list found = []
    while i > end:
        i -= 1
        found.append((sign * side.keys[i], side.sizes[i]))
    return found
