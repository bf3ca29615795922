"""``bridge audit``."""
