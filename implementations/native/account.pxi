# The sums of a risk check: of one account, and of one symbol. Judged and changed by the contract of the risk checks.

cdef struct Account:
    double max_quantity, max_open, max_loss, max_position, max_notional
    double open
    double notional
    double realised

cdef struct Held:
    double position, cost
    double open_buys, open_sells  # what open orders could still fill
    Py_ssize_t buys, sells  # how many are open: with none, what rounding left over goes


cdef void account_limit(Account *account, limits):
    account.max_quantity = limits.order_quantity
    account.max_open = limits.open_orders
    account.max_loss = limits.daily_loss * (1.0 - ROUNDING)
    account.max_position = limits.position * (1.0 + ROUNDING)
    account.max_notional = limits.notional * (1.0 + ROUNDING)


cdef inline int account_judge(Account *account, Held *held, bint buy, double quantity, double cost) noexcept nogil:
    """Judge an order whose size and name were found right, and reserve it when it is admitted."""
    cdef double reach
    if account.open >= account.max_open:
        return OPEN_ORDERS
    if -account.realised >= account.max_loss:
        return DAILY_LOSS
    reach = held.position + held.open_buys + quantity if buy else held.position - held.open_sells - quantity
    if not -account.max_position <= reach <= account.max_position:
        return POSITION
    if account.notional + cost > account.max_notional:
        return NOTIONAL
    account.open += 1.0
    account.notional += cost
    if buy:
        held.open_buys += quantity
        held.buys += 1
    else:
        held.open_sells += quantity
        held.sells += 1
    return ADMITTED


cdef inline void account_release(
    Account *account, Held *held, bint buy, double quantity, double notional, bint ended
) noexcept nogil:
    """Free what was reserved for a quantity that was filled, cancelled or refused."""
    account.notional -= notional
    if buy:
        held.open_buys -= quantity
    else:
        held.open_sells -= quantity
    if not ended:
        return
    account.open -= 1.0
    if account.open == 0.0:
        account.notional = 0.0
    if buy:
        held.buys -= 1
        if held.buys == 0:
            held.open_buys = 0.0
    else:
        held.sells -= 1
        if held.sells == 0:
            held.open_sells = 0.0


cdef inline void account_book(Account *account, Held *held, double quantity, double price) noexcept nogil:
    """Book a fill, signed, at average cost."""
    cdef double position = held.position
    cdef double after = position + quantity
    cdef double past, flat
    if position * quantity >= 0.0:
        held.cost = (position * held.cost + quantity * price) / after
    else:
        past = after * quantity
        flat = quantity * quantity * ROUNDING
        if past > flat:  # past zero: the rest is a new position
            account.realised += position * (price - held.cost)
            held.cost = price
        else:
            account.realised += quantity * (held.cost - price)
            if past >= -flat:
                after = 0.0
    held.position = after
