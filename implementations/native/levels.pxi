# Reads a level of a book message, whatever class it is of.

from implementations.messages import Level as _Level

cdef Shape level_shape
cdef tuple LEVEL_NAMES = ("price", "size")
cdef type _LEVEL = _Level


cdef inline double number(PyObject *value) except? -1.0:
    return PyFloat_AS_DOUBLE(<object>value) if PyFloat_CheckExact(<object>value) else <double>(<object>value)


cdef inline int read_level(object level, double *price, double *size) except -1:
    if type(level) is _LEVEL:  # a named tuple: price, size
        price[0] = number(PyTuple_GET_ITEM(level, 0))
        size[0] = number(PyTuple_GET_ITEM(level, 1))
    elif shape_fits(&level_shape, <PyObject *>level, <PyObject *>LEVEL_NAMES):
        price[0] = number(shape_read(&level_shape, <PyObject *>level, 0))
        size[0] = number(shape_read(&level_shape, <PyObject *>level, 1))
    else:
        price[0] = level.price
        size[0] = level.size
    return 0
