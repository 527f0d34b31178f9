"""Critical path: from the receive loop to the handler."""
