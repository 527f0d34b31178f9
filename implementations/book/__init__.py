"""Critical path: the order book of one symbol."""
