"""``bridge callers``: who called the bridge and was not taken, with the lines for ``.env``."""
