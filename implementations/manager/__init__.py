"""Path: the books of all symbols, written by the feeds' threads and read by everybody's."""
