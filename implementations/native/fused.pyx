# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The whole pipeline in one module, from frame bytes to order bytes: see implementations/pipeline/contract.py.

No message, level or order is ever a Python object; a frame makes one only for the bytes of an order, which the sink
gets. What its parser is not sure of is read the standard library's way, and its messages are handled all the same.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.float cimport DBL_MAX
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy, memmove, memset, strchr, strncmp

import time

from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.decode.contract import MAX_FRAME_BYTES
from implementations.risk import contract as _risk

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *text, char **end, PyObject *overflow) except? -1.0
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void *PyUnicode_1BYTE_DATA(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *length) except NULL

cdef Py_ssize_t MOST_BYTES = MAX_FRAME_BYTES

include "slots.pxi"
include "clock.pxi"
include "reasons.pxi"
include "frame.pxi"
include "messages.pxi"
include "side.pxi"
include "account.pxi"

cdef enum:
    WORDS = 4  # of a symbol: 32 bytes at most

cdef struct Track:  # all that is held of one symbol
    uint64_t name[WORDS]  # padded with zeros
    Py_ssize_t name_bytes
    bint has_book
    Side bids, asks
    double fall, rise  # of twice the middle; 0 before the first top
    long long order  # the number of the open order, 0 without one
    bint order_buys
    double order_price
    Held held


cdef inline void side_replace(Side *side, double *levels, Py_ssize_t count, double sign) except *:
    """Take a whole side. Snapshots come best first, so that backwards each level belongs at the end."""
    cdef Py_ssize_t i = count
    cdef double key, size
    side.count = 0
    side_reserve(side, count)
    while i > 0:
        i -= 1
        key = sign * levels[2 * i]
        size = levels[2 * i + 1]
        if size == 0.0 or (side.count and key <= side.keys[side.count - 1]):
            side.count = 0
            side_update(side, levels, count, sign)
            return
        side.keys[side.count] = key
        side.sizes[side.count] = size
        side.count += 1


cdef inline void side_update(Side *side, double *levels, Py_ssize_t count, double sign) except *:
    cdef Py_ssize_t i
    for i in range(count):
        side_set(side, sign * levels[2 * i], levels[2 * i + 1])


cdef class Fused:
    """One object holds the symbols, the account, the bucket and the buffers."""

    cdef Frame frame
    cdef Frame other  # for a message that came as an object
    cdef Track **table  # open addressing, at most half full
    cdef Py_ssize_t places, symbols
    cdef Account account
    cdef object sink
    cdef list waiting  # messages behind one that raised
    cdef list refused
    cdef double move, quantity
    cdef long long number, cancelled_every
    cdef double interval, slack, full_since, taken
    cdef bint busy

    def __cinit__(self, sink, limits, double move, double quantity, long long cancelled_every, double rate, int burst):
        self.sink = sink
        self.waiting = []
        self.refused = [0] * len(_risk.REASONS)
        self.move = move
        self.quantity = quantity
        self.cancelled_every = cancelled_every
        self.interval = 1.0 / rate
        self.slack = (burst - 1 + 1e-9) / rate
        self.full_since = seconds()
        account_limit(&self.account, limits)
        self.grow(64)

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.places):
            if self.table[i] != NULL:
                side_free(&self.table[i].bids)
                side_free(&self.table[i].asks)
                PyMem_Free(self.table[i])
        PyMem_Free(self.table)
        frame_free(&self.frame)
        frame_free(&self.other)

    # --- symbols ------------------------------------------------------------------------------------------------------

    cdef int grow(self, Py_ssize_t places) except -1:
        cdef Track **old = self.table
        cdef Py_ssize_t before = self.places, i, at
        cdef Track **table = <Track **>PyMem_Calloc(places, sizeof(Track *))
        if table == NULL:
            raise MemoryError
        for i in range(before):
            if old[i] != NULL:
                at = place_of(old[i].name) & (places - 1)
                while table[at] != NULL:
                    at = (at + 1) & (places - 1)
                table[at] = old[i]
        PyMem_Free(old)
        self.table = table
        self.places = places
        return 0

    cdef Track *track(self, Text *symbol) except NULL:
        cdef uint64_t name[WORDS]
        cdef Track *track
        cdef Py_ssize_t at
        name[0] = name[1] = name[2] = name[3] = 0
        memcpy(name, symbol.start, symbol.length)
        at = place_of(name) & (self.places - 1)
        while self.table[at] != NULL:
            track = self.table[at]
            if track.name[0] == name[0] and track.name[1] == name[1]:
                if track.name[2] == name[2] and track.name[3] == name[3] and track.name_bytes == symbol.length:
                    return track
            at = (at + 1) & (self.places - 1)
        if 2 * self.symbols >= self.places:
            self.grow(2 * self.places)
            return self.track(symbol)
        track = <Track *>PyMem_Calloc(1, sizeof(Track))
        if track == NULL:
            raise MemoryError
        memcpy(track.name, name, sizeof(name))
        track.name_bytes = symbol.length
        self.table[at] = track
        self.symbols += 1
        return track

    # --- one message --------------------------------------------------------------------------------------------------

    cdef int handle(self, Frame *frame, Event *event) except -1:
        """Handle one message; return how many orders it sent."""
        cdef Track *track
        cdef double bid = 0.0, ask = 0.0, doubled
        cdef bint first, buys
        if event.kind == BOOK:
            track = self.track(&event.symbol)
            track.has_book = True
            if event.reset:
                side_replace(&track.bids, frame.levels + 2 * event.bids, event.bid_count, 1.0)
                side_replace(&track.asks, frame.levels + 2 * event.asks, event.ask_count, -1.0)
            else:
                side_update(&track.bids, frame.levels + 2 * event.bids, event.bid_count, 1.0)
                side_update(&track.asks, frame.levels + 2 * event.asks, event.ask_count, -1.0)
            if track.bids.count:
                bid = track.bids.keys[track.bids.count - 1]
            if track.asks.count:
                ask = -track.asks.keys[track.asks.count - 1]
        elif event.kind == QUOTE:
            track = self.track(&event.symbol)
            if track.has_book:
                return 0
            bid = event.numbers[0]
            ask = event.numbers[2]
        else:
            return 0
        if track.order:
            self.answer(track)
        doubled = bid + ask
        if track.fall < doubled < track.rise or not 0.0 < bid < ask:
            return 0
        first = track.rise == 0.0
        buys = doubled >= track.rise
        track.fall = doubled * (1.0 - self.move)
        track.rise = doubled * (1.0 + self.move)
        return 0 if first else self.send(track, buys, ask if buys else bid)

    cdef void answer(self, Track *track) noexcept:
        """Answer the open order as the exchange would: cancelled, or filled in full at its price."""
        cdef double price = track.order_price
        if track.order % self.cancelled_every:
            account_book(&self.account, &track.held, self.quantity if track.order_buys else -self.quantity, price)
        account_release(&self.account, &track.held, track.order_buys, self.quantity, price * self.quantity, True)
        track.order = 0

    cdef int send(self, Track *track, bint buys, double price) except -1:
        cdef int reason
        cdef bytes payload
        self.number += 1
        reason = (
            ORDER_SIZE
            if self.quantity > self.account.max_quantity
            else account_judge(&self.account, &track.held, buys, self.quantity, price * self.quantity)
        )
        if reason != ADMITTED:
            self.refused[reason] += 1
            return 0
        try:
            self.take()
            payload = self.encode(track, buys, price)
            self.sink(payload)
        except BaseException:
            account_release(&self.account, &track.held, buys, self.quantity, price * self.quantity, True)
            raise
        track.order = self.number
        track.order_buys = buys
        track.order_price = price
        return 1

    cdef int take(self) except -1:
        """Take a token: the generic cell rate algorithm, as implementations/limiter/try_first.py explains it."""
        cdef double now = seconds()
        cdef double ahead = self.taken * self.interval - (now - self.full_since)
        while ahead > self.slack:
            time.sleep(max(ahead - self.slack, 1e-6))
            now = seconds()
            ahead = self.taken * self.interval - (now - self.full_since)
        if ahead <= 0.0:
            self.full_since = now
            self.taken = 0.0
        self.taken += 1.0
        return 0

    cdef bytes encode(self, Track *track, bint buys, double price):
        """Write the order in the layout of implementations/codec/struct.py."""
        cdef char digits[24]
        cdef int at = 24
        cdef long long left = self.number
        cdef Py_ssize_t name_bytes
        cdef bytes made
        cdef char *to
        while left or at == 24:
            at -= 1
            digits[at] = <char>(48 + left % 10)
            left //= 10
        at -= 1
        digits[at] = b"o"
        name_bytes = 24 - at
        made = PyBytes_FromStringAndSize(NULL, 21 + name_bytes + track.name_bytes + 3)
        to = PyBytes_AS_STRING(made)
        to[0] = 4  # an order
        to[1] = 0 if buys else 1
        memcpy(to + 2, &self.quantity, 8)
        memcpy(to + 10, &price, 8)
        to[18] = <char>name_bytes
        to[19] = <char>track.name_bytes
        to[20] = 3
        memcpy(to + 21, digits + at, name_bytes)
        memcpy(to + 21 + name_bytes, track.name, track.name_bytes)
        memcpy(to + 21 + name_bytes + track.name_bytes, b"ioc", 3)
        return made

    # --- frames -------------------------------------------------------------------------------------------------------

    def on_frame(self, bytes frame not None):
        """Handle one frame to its end and return how many orders it sent."""
        cdef Py_ssize_t i = -1
        cdef int sent = 0
        if self.busy:
            raise RuntimeError("the sink called the pipeline that called it")
        if self.waiting or not read_frame(frame, &self.frame):
            return self.on_messages(self.waiting + self.read(frame))
        self.busy = True
        try:
            for i in range(self.frame.count):
                sent += self.handle(&self.frame, self.frame.events + i)
        except BaseException:
            self.waiting = messages_of(&self.frame, i + 1)
            raise
        finally:
            self.busy = False
        return sent

    cdef list read(self, bytes frame):
        if read_frame(frame, &self.frame):
            return messages_of(&self.frame, 0)
        if len(frame) > SHORT_BYTES:
            guard(frame)
        return decode_thoroughly(frame)

    cdef object on_messages(self, list messages):
        """Handle messages that are objects: those that had to wait, or were read the other way."""
        cdef Py_ssize_t i = -1
        cdef int sent = 0
        self.waiting = []
        self.busy = True
        try:
            for i in range(len(messages)):
                self.flatten(messages[i])
                sent += self.handle(&self.other, self.other.events)
        except BaseException:
            self.waiting = messages[i + 1 :]
            raise
        finally:
            self.busy = False
        return sent

    cdef int flatten(self, message) except -1:
        """Write a message into `other` as the only event."""
        cdef Event *event
        self.other.count = 0
        self.other.level_count = 0
        event = new_event(&self.other)
        if event == NULL:
            raise MemoryError
        event.kind = message.kind
        if event.kind != BOOK and event.kind != QUOTE:
            return 0
        event.symbol.start = PyUnicode_AsUTF8AndSize(message.symbol, &event.symbol.length)
        if event.kind == QUOTE:
            event.numbers[0] = message.bid_price
            event.numbers[2] = message.ask_price
            return 0
        event.reset = message.reset
        event.bids, event.bid_count = 0, len(message.bids)
        event.asks, event.ask_count = event.bid_count, len(message.asks)
        for level in (*message.bids, *message.asks):
            if not new_level(&self.other, level.price, level.size):
                raise MemoryError
        return 0

    # --- what became of it --------------------------------------------------------------------------------------------

    def refusals(self):
        """Return the counts of refusals, by reason code."""
        return self.refused

    def exposure(self):
        """Return what is reserved and held."""
        cdef dict positions = {}
        cdef Py_ssize_t i
        cdef Track *track
        for i in range(self.places):
            track = self.table[i]
            if track != NULL and track.held.position:
                symbol = (<char *>track.name)[: track.name_bytes].decode("utf-8")
                positions[symbol] = track.held.position
        return _risk.Exposure(int(self.account.open), self.account.notional, self.account.realised, positions)


cdef inline Py_ssize_t place_of(uint64_t *name) noexcept nogil:
    cdef uint64_t mixed = name[0] ^ (name[1] * 31) ^ (name[2] * 961) ^ (name[3] * 29791)
    return <Py_ssize_t>((mixed * 0x9E3779B97F4A7C15ULL) >> 33)
