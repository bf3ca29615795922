"""``bridge read``: one reading of a configured meter."""
