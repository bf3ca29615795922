"""``bridge drain``."""
