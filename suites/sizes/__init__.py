"""Cost against size: depth of the book, levels a message, symbols, bursts, updates between two reads."""
