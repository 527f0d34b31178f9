# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""A risk check: see implementations/risk/contract.py for what it must hold.

Threads: with the GIL no other thread runs while a call computes in C, so each call is one atomic step. Nothing in it
runs Python code: names and symbols are strings, and what it allocates is unknown to the garbage collector. The module
does not declare that it can do without the GIL, so a free-threaded interpreter turns it on.
"""

cimport cython
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.object cimport PyObject, PyTypeObject

from implementations.risk import contract as _risk

include "slots.pxi"
include "reasons.pxi"
include "account.pxi"

cdef Shape order_shape
cdef tuple ORDER_NAMES = ("client_order_id", "symbol", "side", "quantity", "price")
cdef str BUY = "buy"


@cython.final
@cython.freelist(64)
cdef class Symbol:
    """The sums of one symbol."""

    cdef Held held


@cython.final
@cython.no_gc
@cython.freelist(256)
cdef class Entry:
    """One open order, as far as a report on it needs."""

    cdef Symbol symbol
    cdef bint buy
    cdef double left, whole, price


cdef class Risk:
    """A dict of open orders, a dict of symbols, and the sums."""

    cdef Account account
    cdef dict orders
    cdef dict symbols

    def __init__(self, limits):
        account_limit(&self.account, limits)
        self.orders = {}
        self.symbols = {}

    def admit(self, order):
        cdef Entry entry
        cdef Symbol symbol
        cdef double quantity, price
        cdef int reason
        cdef bint buy
        if not shape_fits(&order_shape, <PyObject *>order, <PyObject *>ORDER_NAMES):
            name, of, side = order.client_order_id, order.symbol, order.side
            quantity, price = order.quantity, order.price
        else:
            name = <object>shape_read(&order_shape, <PyObject *>order, 0)
            of = <object>shape_read(&order_shape, <PyObject *>order, 1)
            side = <object>shape_read(&order_shape, <PyObject *>order, 2)
            quantity = <object>shape_read(&order_shape, <PyObject *>order, 3)
            price = <object>shape_read(&order_shape, <PyObject *>order, 4)
        if quantity > self.account.max_quantity:
            return ORDER_SIZE
        if name in self.orders:
            return DUPLICATE
        found = self.symbols.get(of)
        if found is None:
            found = self.symbols[of] = Symbol.__new__(Symbol)
        symbol = <Symbol>found
        buy = side is BUY or side == BUY
        reason = account_judge(&self.account, &symbol.held, buy, quantity, price * quantity)
        if reason == ADMITTED:
            entry = Entry.__new__(Entry)
            entry.symbol = symbol
            entry.buy = buy
            entry.left = entry.whole = quantity
            entry.price = price
            self.orders[name] = entry
        return reason

    def on_fill(self, client_order_id, double quantity, double price):
        cdef object found = self.orders.get(client_order_id)
        cdef Entry entry
        cdef double booked, after
        if found is None:
            return
        entry = <Entry>found
        booked = quantity if quantity < entry.left else entry.left
        after = entry.left - quantity
        if after <= entry.whole * ROUNDING:
            after = 0.0
        account_book(&self.account, &entry.symbol.held, booked if entry.buy else -booked, price)
        if after:
            account_release(&self.account, &entry.symbol.held, entry.buy, booked, entry.price * booked, False)
            entry.left = after
        else:
            self.end(client_order_id, entry)

    def on_cancel(self, client_order_id):
        cdef object found = self.orders.get(client_order_id)
        if found is not None:
            self.end(client_order_id, <Entry>found)

    def on_reject(self, client_order_id):
        cdef object found = self.orders.get(client_order_id)
        if found is not None:
            self.end(client_order_id, <Entry>found)

    cdef int end(self, client_order_id, Entry entry) except -1:
        account_release(&self.account, &entry.symbol.held, entry.buy, entry.left, entry.price * entry.left, True)
        del self.orders[client_order_id]
        return 0

    def exposure(self):
        cdef Symbol symbol
        cdef dict positions = {}
        for name, found in self.symbols.copy().items():
            symbol = <Symbol>found
            if symbol.held.position:
                positions[name] = symbol.held.position
        return _risk.Exposure(int(self.account.open), self.account.notional, self.account.realised, positions)
