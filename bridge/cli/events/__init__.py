"""``bridge events METER``: the meter's own event logs, as the ledger has them."""
