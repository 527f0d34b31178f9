"""Critical path: the bytes of a frame to domain messages."""
