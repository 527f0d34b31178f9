# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The fixed layout of implementations/codec/struct.py, which is asked for whatever is not plain: errors among it."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.list cimport PyList_GET_ITEM, PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.float cimport DBL_MAX
from libc.math cimport isfinite
from libc.string cimport memcpy

from implementations import messages as _messages
from implementations.codec.struct import StructCodec

include "slots.pxi"
include "levels.pxi"
include "blank.pxi"

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *length) except NULL

cdef object _plain = StructCodec()
cdef object encode_plain = _plain.encode
cdef object decode_plain = _plain.decode

cdef type BookType = _messages.Book
cdef type QuoteType = _messages.Quote
cdef type TradeType = _messages.Trade
cdef type OrderType = _messages.Order
cdef type AckType = _messages.Ack

# In each: the texts first, in the order of the wire, then the numbers.
cdef Shape order_type, trade_type, quote_type, book_type, ack_type
learn(&order_type, OrderType, ("client_order_id", "symbol", "time_in_force", "side", "quantity", "price"))
learn(&trade_type, TradeType, ("symbol", "time", "price", "size", "identifier"))
learn(&quote_type, QuoteType, ("symbol", "time", "bid_price", "bid_size", "ask_price", "ask_size"))
learn(&book_type, BookType, ("symbol", "time", "bids", "asks", "reset"))
learn(&ack_type, AckType, ("client_order_id", "symbol", "time", "status", "filled", "price"))

cdef tuple SIDES = ("buy", "sell")
cdef tuple STATUSES = ("accepted", "partially_filled", "filled", "canceled", "rejected")

cdef struct Texts:
    const char *start[3]
    Py_ssize_t length[3]
    Py_ssize_t total


cdef inline bint texts_of(object message, Shape *shape, int count, Texts *texts) except -1:
    """Find the texts of a message; False where one is too long for its byte of length."""
    cdef int i
    texts.total = 0
    for i in range(count):
        value = <object>shape_read(shape, <PyObject *>message, i)
        if type(value) is not str:
            return False
        texts.start[i] = PyUnicode_AsUTF8AndSize(value, &texts.length[i])
        if texts.length[i] > 255:
            return False
        texts.total += texts.length[i]
    return True


cdef inline char *put_texts(char *to, Texts *texts, int count) noexcept:
    """Write the lengths; return where the texts begin when nothing stands between."""
    cdef int i
    for i in range(count):
        to[i] = <char>texts.length[i]
    return to + count


cdef inline void put_rest(char *to, Texts *texts, int count) noexcept:
    cdef int i
    for i in range(count):
        memcpy(to, texts.start[i], texts.length[i])
        to += texts.length[i]


cdef inline int place_of(tuple known, object value) except -2:
    cdef int i
    for i in range(len(known)):
        if <object>PyTuple_GET_ITEM(known, i) is value:
            return i
    return known.index(value) if value in known else -1


cdef inline int put_number(char *to, object message, Shape *shape, int i) except -1:
    cdef double value = number(shape_read(shape, <PyObject *>message, i))
    memcpy(to, &value, 8)
    return 0


cdef bytes encode_pair(object message, Shape *shape, int kind, tuple names):
    """Write an order or an acknowledgement: a code, two numbers, three texts."""
    cdef Texts texts
    cdef bytes made
    cdef char *to
    cdef int code = place_of(names, <object>shape_read(shape, <PyObject *>message, 3))
    if code < 0 or not texts_of(message, shape, 3, &texts):
        return encode_plain(message)
    made = PyBytes_FromStringAndSize(NULL, 21 + texts.total)
    to = PyBytes_AS_STRING(made)
    to[0] = kind
    to[1] = code
    put_number(to + 2, message, shape, 4)
    put_number(to + 10, message, shape, 5)
    put_rest(put_texts(to + 18, &texts, 3), &texts, 3)
    return made


cdef bytes encode_trade(object message):
    cdef Texts texts
    cdef bytes made
    cdef char *to
    cdef long long identifier
    if not texts_of(message, &trade_type, 2, &texts):
        return encode_plain(message)
    try:
        identifier = <object>shape_read(&trade_type, <PyObject *>message, 4)
    except OverflowError:
        return encode_plain(message)
    made = PyBytes_FromStringAndSize(NULL, 27 + texts.total)
    to = PyBytes_AS_STRING(made)
    to[0] = 1
    put_number(to + 1, message, &trade_type, 2)
    put_number(to + 9, message, &trade_type, 3)
    memcpy(to + 17, &identifier, 8)
    put_rest(put_texts(to + 25, &texts, 2), &texts, 2)
    return made


cdef bytes encode_quote(object message):
    cdef Texts texts
    cdef bytes made
    cdef char *to
    cdef int i
    if not texts_of(message, &quote_type, 2, &texts):
        return encode_plain(message)
    made = PyBytes_FromStringAndSize(NULL, 35 + texts.total)
    to = PyBytes_AS_STRING(made)
    to[0] = 2
    for i in range(4):
        put_number(to + 1 + 8 * i, message, &quote_type, 2 + i)
    put_rest(put_texts(to + 33, &texts, 2), &texts, 2)
    return made


cdef bytes encode_book(object message):
    cdef Texts texts
    cdef bytes made
    cdef char *to
    cdef char *at
    cdef double pair[2]
    cdef Py_ssize_t counts[2]
    cdef int side
    cdef unsigned short count
    sides = <object>shape_read(&book_type, <PyObject *>message, 2), <object>shape_read(&book_type, <PyObject *>message, 3)
    reset = <object>shape_read(&book_type, <PyObject *>message, 4)
    if type(reset) is not bool or not texts_of(message, &book_type, 2, &texts):
        return encode_plain(message)
    counts[0], counts[1] = len(sides[0]), len(sides[1])
    if counts[0] > 65535 or counts[1] > 65535:
        return encode_plain(message)
    made = PyBytes_FromStringAndSize(NULL, 8 + 16 * (counts[0] + counts[1]) + texts.total)
    to = PyBytes_AS_STRING(made)
    to[0] = 3
    to[1] = reset
    at = put_texts(to + 6, &texts, 2)
    for side in range(2):
        count = <unsigned short>counts[side]
        memcpy(to + 2 + 2 * side, &count, 2)
        for level in sides[side]:
            read_level(level, &pair[0], &pair[1])
            memcpy(at, pair, 16)
            at += 16
    put_rest(at, &texts, 2)
    return made


cdef inline object text_at(const char *at, Py_ssize_t length):
    return PyUnicode_DecodeUTF8(at, length, NULL)


cdef object decode_pair(const char *at, Py_ssize_t length, object kept, Shape *shape, tuple names):
    """Read an order or an acknowledgement; None where the other codec has to say what is wrong."""
    cdef double numbers[2]
    cdef const unsigned char *lengths = <const unsigned char *>at + 18
    cdef Py_ssize_t place = 21
    cdef int i
    if length < 21 or length != 21 + lengths[0] + lengths[1] + lengths[2] or <unsigned char>at[1] >= len(names):
        return None
    memcpy(numbers, at + 2, 16)
    if not (isfinite(numbers[0]) and isfinite(numbers[1])):
        return None
    made = blank(kept, 0)
    for i in range(3):
        slot_fill(made, shape, i, text_at(at + place, lengths[i]))
        place += lengths[i]
    slot_fill(made, shape, 3, names[<unsigned char>at[1]])
    slot_fill(made, shape, 4, numbers[0])
    slot_fill(made, shape, 5, numbers[1])
    return made


cdef object decode_flat(const char *at, Py_ssize_t length):
    """Read a trade or a quote."""
    cdef double numbers[4]
    cdef long long identifier
    cdef bint trade = at[0] == 1
    cdef int i, count = 2 if trade else 4
    cdef Py_ssize_t head = 27 if trade else 35
    cdef const unsigned char *lengths = <const unsigned char *>at + head - 2
    if length < head or length != head + lengths[0] + lengths[1]:
        return None
    memcpy(numbers, at + 1, 8 * count)
    for i in range(count):
        if not isfinite(numbers[i]):
            return None
    made = blank(TradeType if trade else QuoteType, 0)
    slot_fill(made, &trade_type if trade else &quote_type, 0, text_at(at + head, lengths[0]))
    slot_fill(made, &trade_type if trade else &quote_type, 1, text_at(at + head + lengths[0], lengths[1]))
    for i in range(count):
        slot_fill(made, &trade_type if trade else &quote_type, 2 + i, numbers[i])
    if trade:
        memcpy(&identifier, at + 17, 8)
        if identifier < 0:
            return None
        slot_fill(made, &trade_type, 4, identifier)
    return made


cdef object decode_book(const char *at, Py_ssize_t length):
    cdef unsigned short counts[2]
    cdef const unsigned char *lengths = <const unsigned char *>at + 6
    cdef Py_ssize_t texts
    cdef int side
    cdef const char *at_levels = at + 8
    if length < 8 or <unsigned char>at[1] > 1:
        return None
    memcpy(counts, at + 2, 4)
    texts = 8 + 16 * (<Py_ssize_t>counts[0] + counts[1])
    if length != texts + lengths[0] + lengths[1]:
        return None
    made = blank(BookType, 0)
    slot_fill(made, &book_type, 0, text_at(at + texts, lengths[0]))
    slot_fill(made, &book_type, 1, text_at(at + texts + lengths[0], lengths[1]))
    for side in range(2):
        levels = levels_at(at_levels, counts[side])
        if levels is None:
            return None
        slot_fill(made, &book_type, 2 + side, levels)
        at_levels += 16 * counts[side]
    slot_fill(made, &book_type, 4, True if at[1] else False)
    return made


cdef object levels_at(const char *at, Py_ssize_t count):
    cdef list made = PyList_New(count)
    cdef double pair[2]
    cdef Py_ssize_t i
    for i in range(count):
        memcpy(pair, at + 16 * i, 16)
        level = new_pair(pair[0], pair[1])
        Py_INCREF(level)
        PyList_SET_ITEM(made, i, level)
        if not (isfinite(pair[0]) and isfinite(pair[1])):
            return None
    return made


cdef class Codec:
    """Encodes and decodes in C what is plain; the other codec of the layout does the rest, and raises."""

    def encode(self, message):
        cdef object kind = type(message)
        if kind is OrderType:
            return encode_pair(message, &order_type, 4, SIDES)
        if kind is BookType:
            return encode_book(message)
        if kind is QuoteType:
            return encode_quote(message)
        if kind is TradeType:
            return encode_trade(message)
        if kind is AckType:
            return encode_pair(message, &ack_type, 5, STATUSES)
        return encode_plain(message)

    def decode(self, bytes payload not None):
        cdef const char *at = PyBytes_AS_STRING(payload)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(payload)
        cdef object made = None
        try:
            if at[0] == 4:
                made = decode_pair(at, length, OrderType, &order_type, SIDES)
            elif at[0] == 3:
                made = decode_book(at, length)
            elif at[0] == 1 or at[0] == 2:
                made = decode_flat(at, length)
            elif at[0] == 5:
                made = decode_pair(at, length, AckType, &ack_type, STATUSES)
        except UnicodeDecodeError:
            made = None
        return decode_plain(payload) if made is None else made
