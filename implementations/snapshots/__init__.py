"""Path: the best levels of a book as a reader is given them after a change."""
