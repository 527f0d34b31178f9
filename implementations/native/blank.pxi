# Makes the domain's own objects blank and fills their slots, without a call of __init__.

cdef extern from *:
    """
    static inline void slot_fill(PyObject *object, Shape *shape, Py_ssize_t i, PyObject *value) {
        Py_INCREF(value);
        *(PyObject **)((char *)object + shape->at[i]) = value;
    }
    static inline PyObject *blank(PyObject *type, Py_ssize_t items) {
        return PyType_GenericAlloc((PyTypeObject *)type, items);
    }
    static inline PyObject *ascii(const char *start, Py_ssize_t length) {
        PyObject *made = PyUnicode_New(length, 127);
        if (made != NULL) memcpy(PyUnicode_1BYTE_DATA(made), start, length);
        return made;
    }
    """
    void slot_fill(object to, Shape *shape, Py_ssize_t i, object value)
    object blank(object type, Py_ssize_t items)
    object ascii(const char *start, Py_ssize_t length)

from implementations.messages import Level as _LevelType

cdef type LevelType = _LevelType


cdef int learn(Shape *shape, type made, tuple names) except -1:
    if not shape_learn(shape, <PyTypeObject *>made, <PyObject *>names):
        raise ImportError(f"{made.__name__} does not keep its fields in slots")
    return 0


cdef inline int fill_pair(object pair, Py_ssize_t i, double number) except -1:
    cdef object value = number
    Py_INCREF(value)
    PyTuple_SET_ITEM(pair, i, value)
    return 0


cdef inline object new_pair(double price, double size):
    """Make a Level, which is a named tuple."""
    cdef object pair = blank(LevelType, 2)
    fill_pair(pair, 0, price)
    fill_pair(pair, 1, size)
    return pair
