"""``bridge check``: what is configured, and what is wrong with it."""
