# Builds the domain's own messages of events.

include "blank.pxi"

from implementations import messages as _messages

cdef type BookType = _messages.Book
cdef type QuoteType = _messages.Quote
cdef type TradeType = _messages.Trade
cdef Shape book_type, quote_type, trade_type

learn(&book_type, BookType, ("symbol", "time", "bids", "asks", "reset"))
learn(&quote_type, QuoteType, ("symbol", "bid_price", "bid_size", "ask_price", "ask_size", "time"))
learn(&trade_type, TradeType, ("symbol", "price", "size", "time", "identifier"))


cdef list _known = [None] * 256  # symbols that came lately: a feed repeats them, and equal ones share their hash


cdef inline object symbol_of(Text *text):
    cdef unsigned int at = <unsigned int>text.length * 31
    cdef Py_ssize_t i
    cdef object known
    for i in range(text.length):
        at = at * 31 + <unsigned char>text.start[i]
    at &= 255
    known = <object>PyList_GET_ITEM(_known, at)
    if known is not None and PyUnicode_GET_LENGTH(known) == text.length:
        if memcmp(PyUnicode_1BYTE_DATA(known), text.start, text.length) == 0:
            return known
    known = ascii(text.start, text.length)
    _known[at] = known
    return known


cdef inline list levels_of(Frame *frame, Py_ssize_t first, Py_ssize_t count):
    cdef list made = PyList_New(count)
    cdef double *numbers = frame.levels + 2 * first
    cdef object level
    cdef Py_ssize_t i
    for i in range(count):
        level = new_pair(numbers[2 * i], numbers[2 * i + 1])
        Py_INCREF(level)
        PyList_SET_ITEM(made, i, level)
    return made


cdef object message_of(Frame *frame, Event *event):
    cdef object made
    cdef Py_ssize_t i
    if event.kind == BOOK:
        made = blank(BookType, 0)
        slot_fill(made, &book_type, 0, symbol_of(&event.symbol))
        slot_fill(made, &book_type, 1, ascii(event.time.start, event.time.length))
        slot_fill(made, &book_type, 2, levels_of(frame, event.bids, event.bid_count))
        slot_fill(made, &book_type, 3, levels_of(frame, event.asks, event.ask_count))
        slot_fill(made, &book_type, 4, True if event.reset else False)
        return made
    if event.kind == QUOTE:
        made = blank(QuoteType, 0)
        slot_fill(made, &quote_type, 0, symbol_of(&event.symbol))
        for i in range(4):
            slot_fill(made, &quote_type, i + 1, <object>event.numbers[i])
        slot_fill(made, &quote_type, 5, ascii(event.time.start, event.time.length))
        return made
    if event.kind == TRADE:
        made = blank(TradeType, 0)
        slot_fill(made, &trade_type, 0, symbol_of(&event.symbol))
        slot_fill(made, &trade_type, 1, <object>event.numbers[0])
        slot_fill(made, &trade_type, 2, <object>event.numbers[1])
        slot_fill(made, &trade_type, 3, ascii(event.time.start, event.time.length))
        slot_fill(made, &trade_type, 4, <object>event.identifier)
        return made
    return _messages.Notice(ascii(event.symbol.start, event.symbol.length))


cdef list messages_of(Frame *frame, Py_ssize_t first):
    """Build the messages from the `first` event on."""
    cdef list made = []
    cdef Py_ssize_t i
    for i in range(first, frame.count):
        made.append(message_of(frame, frame.events + i))
    return made
