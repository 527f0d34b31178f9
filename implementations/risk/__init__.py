"""Critical path: the check before an order may leave."""
