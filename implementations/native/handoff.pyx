# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""A bounded ring for one producer and one consumer: see implementations/handoff/contract.py for what it must hold.

With the GIL no other thread runs within `offer`, nor in `drain` outside the handler. The module does not declare that
it can do without the GIL, so a free-threaded interpreter turns it on.
"""


cdef class Ring:
    """A list of slots and two counters that only grow, as implementations/handoff/ring.py explains them."""

    cdef object handler
    cdef list slots
    cdef Py_ssize_t capacity, mask, head, tail
    cdef public Py_ssize_t refused

    def __init__(self, handler, Py_ssize_t capacity):
        cdef Py_ssize_t length = 1
        while length < capacity:
            length *= 2
        self.handler = handler
        self.capacity = capacity
        self.mask = length - 1
        self.slots = [None] * length

    def offer(self, item):
        if self.tail - self.head >= self.capacity:
            self.refused += 1
            return False
        self.slots[self.tail & self.mask] = item
        self.tail += 1
        return True

    def drain(self, Py_ssize_t limit):
        cdef Py_ssize_t handed = 0
        cdef object item
        while handed < limit and self.head != self.tail:
            item = self.slots[self.head & self.mask]
            self.slots[self.head & self.mask] = None
            self.head += 1
            handed += 1
            self.handler(item)
        return handed

    def __len__(self):
        return self.tail - self.head
