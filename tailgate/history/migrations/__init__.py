"""The migrations of a history, as Alembic finds them."""
