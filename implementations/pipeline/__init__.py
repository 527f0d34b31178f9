"""The whole path: the bytes of a frame to the bytes of an order."""
