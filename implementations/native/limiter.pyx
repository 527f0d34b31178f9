# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The bucket of a rate limiter: the generic cell rate algorithm, as implementations/limiter/try_first.py explains it."""

import time

include "clock.pxi"


cdef class Bucket:
    """Takes a token that is there; who waits for one stands in a line of the caller's, and counts in `waiting`."""

    cdef double interval, slack, full_since, taken
    cdef object clock  # None: time.monotonic, which is read without a call of it
    cdef public Py_ssize_t waiting

    def __init__(self, double rate, int burst, clock):
        self.clock = None if clock is time.monotonic else clock
        self.interval = 1.0 / rate
        self.slack = (burst - 1 + 1e-9) / rate
        self.full_since = self.now()

    cdef inline double now(self) except? -1.0:
        return seconds() if self.clock is None else self.clock()

    def try_acquire(self):
        """Take a token now, or answer False; also False while somebody waits in line."""
        cdef double now, ahead
        if self.waiting:
            return False
        now = self.now()
        ahead = self.taken * self.interval - (now - self.full_since)
        if ahead <= 0.0:
            self.full_since = now
            self.taken = 1.0
            return True
        if ahead > self.slack:
            return False
        self.taken += 1.0
        return True

    def missing(self):
        """Return the seconds until a token is there; 0 or below where one is."""
        return self.taken * self.interval - (self.now() - self.full_since) - self.slack

    def take(self):
        """Take the token that is there, for the first in line."""
        cdef double now = self.now()
        if self.taken * self.interval - (now - self.full_since) <= 0.0:
            self.full_since = now
            self.taken = 0.0
        self.taken += 1.0
