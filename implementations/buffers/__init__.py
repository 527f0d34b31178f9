"""Path: where the bytes of a message are put together."""
