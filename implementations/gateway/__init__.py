"""Path: submitting an order over the exchange's order API."""
