# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""A decoder of frames: see implementations/decode/contract.py for what it must hold."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.float cimport DBL_MAX
from libc.string cimport memcmp, memcpy, strchr, strncmp

from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.decode.contract import MAX_FRAME_BYTES

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *text, char **end, PyObject *overflow) except? -1.0
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void *PyUnicode_1BYTE_DATA(object text)

cdef Py_ssize_t MOST_BYTES = MAX_FRAME_BYTES

include "slots.pxi"
include "frame.pxi"
include "messages.pxi"


cdef class Decoder:
    """Frame to flat records, then to the domain's own messages."""

    cdef Frame frame

    def __dealloc__(self):
        frame_free(&self.frame)

    def decode(self, bytes frame not None):
        if read_frame(frame, &self.frame):
            return messages_of(&self.frame, 0)
        if len(frame) > SHORT_BYTES:
            guard(frame)
        return decode_thoroughly(frame)
