"""Results over the wire: what was run, what the runs say together, which claims they show, and the tables of it."""
