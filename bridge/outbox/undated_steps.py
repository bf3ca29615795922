"""What is done to undated samples on disk: each a step on the writer thread, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.outbox.sqlite_errors import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.outbox.store import Store
    from bridge.outbox.undated import UndatedRow

_RECALL_AT_ONCE = 5000  # bounds how long the writer thread is away


def hold(store: Store, samples: Sequence[tuple[int, str, int, str, str, int, int]]) -> list[int]:
    """Put samples (id, meter, shown_ms, body, device, boot, up_ns) on disk; return the ids of those that had to go.

    Raises:
        DiskError: nothing was stored. Keep the samples and try again.
    """
    with store.adding(samples[-1][0]) as (tag, accepted_s):
        store.undated.add(samples, tag=tag, accepted_s=accepted_s)
        return store.eviction.make_room(len(samples))


def recall(store: Store, boots: Sequence[int], after_ms: int) -> list[int]:
    """Make samples undated that have a wrong time: of these boots, and dated later than that.

    Returns:
        their ids, 5000 at most: call it again until there are none.

    Raises:
        DiskError: none was. Try again later.
    """
    with store.changing():
        taken = store.undated.recall(boots, after_ms=after_ms, limit=_RECALL_AT_ONCE)
        store.held.gone([tag for _, tag in taken])
    return [row_id for row_id, _ in taken]


def page(store: Store, *, after: int, limit: int) -> list[tuple[UndatedRow, bool]]:
    """Return undated samples with ``id > after``, oldest first, and whether each is the present destination's.

    Raises:
        DiskError: they cannot be read.
    """
    with translated(store.path):
        found = store.undated.page(after=after, limit=limit)
        return [(row, store.held.name_of(row.tag) == store.held.destination) for row in found]


def date_foreign(store: Store, dated: Sequence[tuple[UndatedRow, int, str]]) -> None:
    """Give undated samples (row, ts_ms, body) of other destinations their time.

    Raises:
        DiskError: none was given one.
    """
    with store.changing():
        store.undated.date_foreign(dated)
        store.held.count()
