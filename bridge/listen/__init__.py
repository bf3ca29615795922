"""The wing that listens: meters and modems that call by themselves. Knows no poller, no ledger and no delivery.

    listener.py     opens the port, and looks after it       reception.py       one message: whose, is it so, on disk
    caller.py       one connection, from hello to its end    identities.py      who a caller is
    datagrams.py    the same port for UDP                    pushed_samples.py  its values and events as samples
    switchboard.py  what all callers have in common          pushed_time.py     when they were
    peers.py        how much one address may do              push_file.py       counters that must rise, on disk
    refusals.py     what is not taken, counted and said      unknown_callers.py who called and is not known

A notification is never confirmed: what has come is on disk before more is read, and a caller that is too fast waits in
its own TCP.
"""
