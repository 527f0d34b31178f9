"""Every run kept: the store, what goes into it, and what it says over the commits. It needs `tailgate[history]`."""
