"""``bridge outbox``: what waits, what was set aside, and what is to become of it."""
