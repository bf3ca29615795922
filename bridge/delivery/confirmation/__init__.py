"""Confirmation: is a sample stored? Sent, accepted, stored: three steps, never mixed.

==================== ============= ===========================================================================
ThingsBoard host set ``CONFIRM``   a sample is stored when
==================== ============= ===========================================================================
no                   any           the local broker has acknowledged it (``accepted.py``)
yes                  ``mark``      two marks that were written after it was accepted came back (``marks.py``)
yes                  ``fence``     it was accepted, and a grace has passed (``marks.py``, without marks)
yes                  ``puback``    the local broker has acknowledged it, and two minutes have passed without a break
==================== ============= ===========================================================================

All are sans-I/O: no socket, no clock, no disk. The publisher tells a confirmation what happened and asks for the next
action until it is told to wait (``actions.py``).
"""
