"""``bridge doctor``: the checklist for after an outage, executed."""
