"""``bridge stack``: the stack for several bridges that share out a fleet, written out of ``docker-compose.yml``."""
