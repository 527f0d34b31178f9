"""Critical path: domain messages to bytes for the bus, and back."""
