"""Path: one count that many threads add to, as the open orders and refusals of a risk check are."""
