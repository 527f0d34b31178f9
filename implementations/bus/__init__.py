"""Path: publishing messages to the rest of the system."""
