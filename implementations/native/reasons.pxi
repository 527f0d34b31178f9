# The codes of the risk checks, as implementations/risk/contract.py numbers them.

cdef double ROUNDING = _risk.ROUNDING
cdef int ADMITTED = _risk.ADMITTED
cdef int ORDER_SIZE = _risk.ORDER_SIZE
cdef int OPEN_ORDERS = _risk.OPEN_ORDERS
cdef int DAILY_LOSS = _risk.DAILY_LOSS
cdef int POSITION = _risk.POSITION
cdef int NOTIONAL = _risk.NOTIONAL
cdef int DUPLICATE = _risk.DUPLICATE
