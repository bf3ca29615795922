"""``bridge status``: how the running bridge is."""
