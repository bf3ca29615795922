"""``bridge backfill METER``: has the running bridge read a time of a load profile again, and shows how far it is."""
