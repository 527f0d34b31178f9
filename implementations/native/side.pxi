# One side of a book: prices and sizes in two flat arrays, sorted by key, the best last. A bid's key is its price, an
# ask's the negated price, so that both sides work alike. A change near the best moves a few bytes, a far one a few
# kilobytes, by memmove: for the books of the captures (100 to 1,340 levels a side) that beats every tree.

cdef struct Side:
    double *keys
    double *sizes
    Py_ssize_t count
    Py_ssize_t room


cdef int side_reserve(Side *side, Py_ssize_t count) except -1:
    cdef Py_ssize_t room = side.room
    cdef void *grown
    if count <= room:
        return 0
    while room < count:
        room = 2 * room + 64
    grown = PyMem_Realloc(side.keys, room * sizeof(double))
    if grown == NULL:
        raise MemoryError
    side.keys = <double *>grown
    grown = PyMem_Realloc(side.sizes, room * sizeof(double))
    if grown == NULL:
        raise MemoryError
    side.sizes = <double *>grown
    side.room = room
    return 0


cdef void side_free(Side *side) noexcept:
    PyMem_Free(side.keys)
    PyMem_Free(side.sizes)


cdef inline Py_ssize_t side_find(Side *side, double key) noexcept nogil:
    """Return the first place whose key is at or above this one: the last few are looked at in turn, then by halves."""
    cdef double *keys = side.keys
    cdef Py_ssize_t low = 0
    cdef Py_ssize_t high = side.count
    cdef Py_ssize_t middle
    cdef Py_ssize_t near = high - 8
    while high > 0 and high > near:
        if keys[high - 1] < key:
            return high
        high -= 1
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int side_set(Side *side, double key, double size) except -1:
    """Set or (size 0) remove one level; return whether the best is another, or of another size."""
    cdef Py_ssize_t count = side.count
    cdef Py_ssize_t at = side_find(side, key)
    cdef size_t behind
    if at < count and side.keys[at] == key:
        if size != 0.0:
            side.sizes[at] = size
            return at == count - 1
        side.count = count - 1
        behind = (count - 1 - at) * sizeof(double)
        if behind == 0:
            return 1
        memmove(side.keys + at, side.keys + at + 1, behind)
        memmove(side.sizes + at, side.sizes + at + 1, behind)
        return 0
    if size == 0.0:
        return 0
    if count == side.room:
        side_reserve(side, count + 1)
    behind = (count - at) * sizeof(double)
    if behind:
        memmove(side.keys + at + 1, side.keys + at, behind)
        memmove(side.sizes + at + 1, side.sizes + at, behind)
    side.keys[at] = key
    side.sizes[at] = size
    side.count = count + 1
    return at == count
