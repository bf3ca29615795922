"""``bridge thingsboard``."""
