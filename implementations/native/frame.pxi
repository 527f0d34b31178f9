# Reads a frame (JSON, Alpaca market data) into flat C records: no Python object is made, nothing is copied but numbers.
#
# It judges only what it is sure of: documented messages whose T stands first, ASCII without escapes, each field once.
# For anything else it answers NULL, and the frame is read by the standard library's way, which takes or refuses it. So
# what is refused, and why, is decided in one place (implementations/decode/_thorough.py).
#
# `bytes` end with a NUL that no JSON holds, so that no look ahead needs the length; only the end is held against it.

cdef extern from *:
    """
    /* What stands in a string as it is: no control character, quote, backslash, nothing beyond ASCII. */
    static inline int is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\\\'; }
    static inline int is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
    static const double TENS[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    """
    bint is_plain(unsigned char c) noexcept nogil
    bint is_digit(unsigned char c) noexcept nogil
    const double *TENS

cdef enum:
    NOTICE = 0
    TRADE = 1
    QUOTE = 2
    BOOK = 3

cdef enum:  # the fields of a message, as bits
    F_SYMBOL = 1
    F_TIME = 2
    F_FIRST = 4  # of the kind's own, in the order of `numbers`
    F_SECOND = 8
    F_THIRD = 16
    F_FOURTH = 32

cdef enum:  # what a message must hold, by kind
    WHOLE_TRADE = 31
    WHOLE_QUOTE = 63
    WHOLE_BOOK = 15

cdef struct Text:
    const char *start
    Py_ssize_t length

cdef struct Event:
    int kind
    bint reset
    Text symbol  # of a notice its tag
    Text time
    double numbers[4]  # trade: price, size; quote: bid price and size, ask price and size
    long long identifier
    Py_ssize_t bids, asks  # the first level of each side in Frame.levels
    Py_ssize_t bid_count, ask_count

cdef struct Frame:
    Event *events
    Py_ssize_t count, room
    double *levels  # price, size, price, size, ...
    Py_ssize_t level_count, level_room


cdef void frame_free(Frame *frame) noexcept:
    PyMem_Free(frame.events)
    PyMem_Free(frame.levels)


cdef inline Event *new_event(Frame *frame) noexcept:
    cdef Py_ssize_t room
    cdef void *grown
    if frame.count == frame.room:
        room = 2 * frame.room + 16
        grown = PyMem_Realloc(frame.events, room * sizeof(Event))
        if grown == NULL:
            return NULL
        frame.events = <Event *>grown
        frame.room = room
    frame.count += 1
    return frame.events + frame.count - 1


cdef inline int new_level(Frame *frame, double price, double size) noexcept:
    cdef Py_ssize_t room
    cdef void *grown
    if frame.level_count == frame.level_room:
        room = 2 * frame.level_room + 256
        grown = PyMem_Realloc(frame.levels, 2 * room * sizeof(double))
        if grown == NULL:
            return 0
        frame.levels = <double *>grown
        frame.level_room = room
    frame.levels[2 * frame.level_count] = price
    frame.levels[2 * frame.level_count + 1] = size
    frame.level_count += 1
    return 1


cdef inline const char *skip_space(const char *p) noexcept nogil:
    while p[0] == b" " or p[0] == b"\n" or p[0] == b"\t" or p[0] == b"\r":
        p += 1
    return p


cdef inline const char *read_text(const char *p, Text *text) noexcept nogil:
    """Read a string of plain characters; p stands on its quote, the answer behind its last."""
    if p[0] != b'"':
        return NULL
    p += 1
    text.start = p
    while is_plain(p[0]):
        p += 1
    text.length = p - text.start
    return p + 1 if p[0] == b'"' else NULL


cdef inline const char *read_short(const char *p, Text *text, Py_ssize_t most) noexcept nogil:
    p = read_text(p, text)
    return p if p != NULL and 0 < text.length <= most else NULL


cdef const char *read_exact(const char *start, const char *end, double *value) noexcept:
    """Read a number that has more digits than a double holds, correctly rounded, by CPython's own reader."""
    cdef char copy[64]
    cdef Py_ssize_t length = end - start
    if length >= 64:
        return NULL
    memcpy(copy, start, length)
    copy[length] = 0
    try:
        value[0] = PyOS_string_to_double(copy, NULL, NULL)
    except Exception:
        return NULL
    return end if value[0] <= DBL_MAX else NULL


cdef inline const char *read_number(const char *p, double *value) noexcept:
    """Read a JSON number without a sign. Exact: up to 2**53 and 10**22 are doubles, and one division rounds once."""
    cdef const char *start = p
    cdef const char *from_
    cdef unsigned long long mantissa = 0
    cdef Py_ssize_t digits
    cdef int exponent = 0, written = 0
    cdef bint negative
    if p[0] == b"0":
        p += 1
        digits = 0
    else:
        while is_digit(p[0]):
            mantissa = mantissa * 10 + (p[0] - 48)
            p += 1
        digits = p - start
        if digits == 0:
            return NULL
    if p[0] == b".":
        p += 1
        from_ = p
        while is_digit(p[0]):
            mantissa = mantissa * 10 + (p[0] - 48)
            p += 1
        if p == from_:
            return NULL
        exponent = <int>(from_ - p)
        digits += p - from_
    if p[0] == b"e" or p[0] == b"E":
        p += 1
        negative = p[0] == b"-"
        if negative or p[0] == b"+":
            p += 1
        from_ = p
        while is_digit(p[0]):
            if written < 10000:
                written = written * 10 + (p[0] - 48)
            p += 1
        if p == from_:
            return NULL
        exponent += -written if negative else written
    elif is_digit(p[0]):  # a second digit behind a leading zero
        return NULL
    if digits <= 19 and mantissa <= 9007199254740992ULL and -22 <= exponent <= 22:
        value[0] = mantissa / TENS[-exponent] if exponent < 0 else mantissa * TENS[exponent]
        return p
    return read_exact(start, p, value)


cdef inline const char *read_price(const char *p, double *value) noexcept:
    p = read_number(p, value)
    return p if p != NULL and value[0] > 0.0 else NULL


cdef inline const char *read_identifier(const char *p, long long *value) noexcept nogil:
    cdef const char *start = p
    cdef unsigned long long number = 0
    while is_digit(p[0]):
        number = number * 10 + (p[0] - 48)
        p += 1
    if p == start or p - start > 18 or (start[0] == b"0" and p - start > 1):
        return NULL
    if p[0] == b"." or p[0] == b"e" or p[0] == b"E":
        return NULL
    value[0] = <long long>number
    return p


cdef const char *skip_scalar(const char *p) noexcept:
    cdef Text text
    cdef double number
    if p[0] == b'"':
        return read_text(p, &text)
    if p[0] == b"t":
        return p + 4 if strncmp(p, b"true", 4) == 0 else NULL
    if p[0] == b"f":
        return p + 5 if strncmp(p, b"false", 5) == 0 else NULL
    if p[0] == b"n":
        return p + 4 if strncmp(p, b"null", 4) == 0 else NULL
    return read_number(p + 1 if p[0] == b"-" else p, &number)


cdef const char *skip_value(const char *p) noexcept:
    """Skip a field that is not read: a scalar, or an array of scalars, as the documented ones are."""
    if p[0] != b"[":
        return skip_scalar(p)
    p = skip_space(p + 1)
    if p[0] == b"]":
        return p + 1
    while True:
        p = skip_scalar(p)
        if p == NULL:
            return NULL
        p = skip_space(p)
        if p[0] == b"]":
            return p + 1
        if p[0] != b",":
            return NULL
        p = skip_space(p + 1)


cdef inline const char *read_colon(const char *p) noexcept nogil:
    p = skip_space(p)
    return skip_space(p + 1) if p[0] == b":" else NULL


cdef inline const char *scan_level(const char *p, Frame *frame) noexcept:
    cdef double price = 0.0, size = 0.0
    cdef int seen = 0
    cdef char name
    cdef Text text
    if p[0] != b"{":
        return NULL
    p = skip_space(p + 1)
    while True:
        name = 0
        if p[0] == b'"' and (p[1] == b"p" or p[1] == b"s") and p[2] == b'"':
            name = p[1]
            p = p + 3
        else:
            p = read_text(p, &text)
            if p == NULL:
                return NULL
        p = read_colon(p)
        if p == NULL:
            return NULL
        if name == b"p" and not seen & 1:
            seen |= 1
            p = read_price(p, &price)
        elif name == b"s" and not seen & 2:
            seen |= 2
            p = read_number(p, &size)
        elif name == 0:
            p = skip_value(p)
        else:
            return NULL
        if p == NULL:
            return NULL
        p = skip_space(p)
        if p[0] == b"}":
            return p + 1 if seen == 3 and new_level(frame, price, size) else NULL
        if p[0] != b",":
            return NULL
        p = skip_space(p + 1)


cdef const char *read_levels(const char *p, Frame *frame, Py_ssize_t *first, Py_ssize_t *count) noexcept:
    first[0] = frame.level_count
    if p[0] != b"[":
        return NULL
    p = skip_space(p + 1)
    if p[0] == b"]":
        count[0] = 0
        return p + 1
    while True:
        p = scan_level(p, frame)
        if p == NULL:
            return NULL
        p = skip_space(p)
        if p[0] == b"]":
            count[0] = frame.level_count - first[0]
            return p + 1
        if p[0] != b",":
            return NULL
        p = skip_space(p + 1)


cdef inline int kind_of(Text *tag) noexcept nogil:
    """Return the kind of a documented tag, or -1."""
    cdef char letter = tag.start[0]
    if tag.length == 1:
        if letter == b"o":
            return BOOK
        if letter == b"q":
            return QUOTE
        if letter == b"t":
            return TRADE
        return NOTICE if strchr(b"bduslcxin", letter) != NULL else -1
    if tag.length == 7 and memcmp(tag.start, b"success", 7) == 0:
        return NOTICE
    if tag.length == 5 and memcmp(tag.start, b"error", 5) == 0:
        return NOTICE
    return NOTICE if tag.length == 12 and memcmp(tag.start, b"subscription", 12) == 0 else -1


cdef inline int field_of(int kind, const char *name, Py_ssize_t length) noexcept nogil:
    """Return the bit of a field by its name, 0 for one that is not read, -1 for a second T."""
    cdef char letter = name[0]
    if length == 1:
        if letter == b"T":
            return -1
        if letter == b"S":
            return F_SYMBOL
        if letter == b"t":
            return F_TIME
        if kind == BOOK:
            return F_FIRST if letter == b"b" else F_SECOND if letter == b"a" else F_THIRD if letter == b"r" else 0
        if kind == TRADE:
            return F_FIRST if letter == b"p" else F_SECOND if letter == b"s" else F_THIRD if letter == b"i" else 0
        return 0
    if length == 2 and kind == QUOTE:
        if name[1] == b"p":
            return F_FIRST if letter == b"b" else F_THIRD if letter == b"a" else 0
        if name[1] == b"s":
            return F_SECOND if letter == b"b" else F_FOURTH if letter == b"a" else 0
    return 0


cdef inline const char *read_flag(const char *p, bint *flag) noexcept nogil:
    if p[0] == b"t" and strncmp(p, b"true", 4) == 0:
        flag[0] = True
        return p + 4
    flag[0] = False
    return p + 5 if p[0] == b"f" and strncmp(p, b"false", 5) == 0 else NULL


cdef inline const char *read_field(const char *p, Frame *frame, Event *event, int field) noexcept:
    if field == F_SYMBOL:
        return read_short(p, &event.symbol, 32)
    if field == F_TIME:
        return read_short(p, &event.time, 40)
    if event.kind == BOOK:
        if field == F_FIRST:
            return read_levels(p, frame, &event.bids, &event.bid_count)
        if field == F_SECOND:
            return read_levels(p, frame, &event.asks, &event.ask_count)
        return read_flag(p, &event.reset)
    if event.kind == TRADE:
        if field == F_FIRST:
            return read_price(p, &event.numbers[0])
        if field == F_SECOND:
            return read_number(p, &event.numbers[1])
        return read_identifier(p, &event.identifier)
    if field == F_FIRST:
        return read_number(p, &event.numbers[0])
    if field == F_SECOND:
        return read_number(p, &event.numbers[1])
    return read_number(p, &event.numbers[2 if field == F_THIRD else 3])


cdef const char *read_message(const char *p, Frame *frame) noexcept:
    cdef Event *event = new_event(frame)
    cdef Text name
    cdef int seen = 0, field, whole
    if event == NULL or p[0] != b"{":
        return NULL
    p = skip_space(p + 1)
    if p[0] != b'"' or p[1] != b"T" or p[2] != b'"':
        return NULL
    p = read_colon(p + 3)
    if p == NULL:
        return NULL
    p = read_text(p, &event.symbol)
    if p == NULL:
        return NULL
    event.kind = kind_of(&event.symbol)
    if event.kind < 0:
        return NULL
    event.reset = False
    while True:
        p = skip_space(p)
        if p[0] == b"}":
            break
        if p[0] != b",":
            return NULL
        p = read_text(skip_space(p + 1), &name)
        if p == NULL:
            return NULL
        p = read_colon(p)
        if p == NULL:
            return NULL
        field = field_of(event.kind, name.start, name.length)
        if event.kind == NOTICE and field > 0:
            field = 0
        if field == 0:
            p = skip_value(p)
        elif field < 0 or seen & field:  # twice: the last counts, which is rare enough to be read anew
            return NULL
        else:
            seen |= field
            p = read_field(p, frame, event, field)
        if p == NULL:
            return NULL
    if event.kind == BOOK:
        return p + 1 if seen & WHOLE_BOOK == WHOLE_BOOK else NULL
    whole = WHOLE_TRADE if event.kind == TRADE else WHOLE_QUOTE if event.kind == QUOTE else 0
    return p + 1 if seen == whole else NULL


cdef bint read_frame(bytes data, Frame *frame) noexcept:
    """Read a whole frame; False where it has to be read the other way."""
    cdef const char *start = PyBytes_AS_STRING(data)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(data)
    cdef const char *p = start
    frame.count = 0
    frame.level_count = 0
    if length > MOST_BYTES:
        return False
    p = skip_space(p)
    if p[0] != b"[":
        return False
    p = skip_space(p + 1)
    if p[0] != b"]":
        while True:
            p = read_message(p, frame)
            if p == NULL:
                return False
            p = skip_space(p)
            if p[0] == b"]":
                break
            if p[0] != b",":
                return False
            p = skip_space(p + 1)
    return skip_space(p + 1) == start + length
