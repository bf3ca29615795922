"""``bridge witness``."""
