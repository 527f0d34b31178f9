# Reads attributes that live in slots, as the specialising interpreter does: by their offset in the object, as long as
# its type is the one that was looked at, unchanged (CPython gives a type that is changed another version tag).
# A type without such slots is read by getattr.

cdef extern from *:
    """
    #include "structmember.h"

    typedef struct { PyTypeObject *type; unsigned int version; Py_ssize_t at[6]; } Shape;

    static int shape_learn(Shape *shape, PyTypeObject *type, PyObject *names) {
        shape->type = NULL;
        if (type->tp_getattro != PyObject_GenericGetAttr || PyTuple_GET_SIZE(names) > 6) return 0;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
            PyObject *found = _PyType_Lookup(type, PyTuple_GET_ITEM(names, i));
            if (found == NULL || !Py_IS_TYPE(found, &PyMemberDescr_Type)) return 0;
            struct PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
            if (member->type != 16 /* an object that may be missing: what __slots__ makes */) return 0;
            shape->at[i] = member->offset;
        }
        if (type->tp_version_tag == 0) return 0;
        shape->version = type->tp_version_tag;
        shape->type = type;
        return 1;
    }

    /* The value of the i-th name, borrowed; NULL where it has to be asked for. */
    static inline PyObject *shape_read(Shape *shape, PyObject *from, Py_ssize_t i) {
        return *(PyObject **)((char *)from + shape->at[i]);
    }

    static inline int shape_fits(Shape *shape, PyObject *from, PyObject *names) {
        PyTypeObject *type = Py_TYPE(from);
        if (type == shape->type && type->tp_version_tag == shape->version) return 1;
        return shape_learn(shape, type, names);
    }
    """
    ctypedef struct Shape:
        pass
    int shape_learn(Shape *shape, PyTypeObject *type, PyObject *names)
    bint shape_fits(Shape *shape, PyObject *source, PyObject *names)
    PyObject *shape_read(Shape *shape, PyObject *source, Py_ssize_t i)
