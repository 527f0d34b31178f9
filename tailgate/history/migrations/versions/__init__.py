"""One file a change of the tables; a file that was published does not change any more."""
