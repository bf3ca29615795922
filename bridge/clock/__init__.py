"""The clock: what time it is, whether that can be trusted, and stamps that become a time once it is known.

``trust.py`` has the rules, ``clock.py`` applies them, ``boots.py`` is the ledger of boots. They read no clock and no
file: ``machine.py`` and ``ledger_file.py`` do. Knows nothing of meters, samples or ThingsBoard.
"""
