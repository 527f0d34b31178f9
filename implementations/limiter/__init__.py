"""Critical path: the token bucket before the order leaves."""
