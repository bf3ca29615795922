"""The page /metrics: what the Prometheus client would write, several times faster with thousands of series.

The client builds a dictionary and sorts and escapes labels for every line of every page: seconds at 10,000 meters.
Labels do not change, so their text is kept here and a page is little more than the figures. A test holds this page to
the client's, byte for byte.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SERIES_AT_A_TIME = 25
_SPARE_TEXTS = 100
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Page:
    """Writes the page.

    Args:
        collectors: what stands on it, in this order.
    """

    def __init__(self, collectors: Iterable[Any]) -> None:
        self._collectors = tuple(collectors)
        # Label names → label values → their text. Shared by all instruments with the same labels; made anew once most
        # are of series that are gone, as those of past days are.
        self._texts: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}

    def text(self) -> bytes:
        """Return the page as it is now. May be called on any thread, by one at a time or by several."""
        parts = []
        series: dict[tuple[str, ...], int] = {}
        for collector in self._collectors:
            if isinstance(collector, Counter | Gauge | Histogram) and collector._labelnames:  # noqa: SLF001 - see _lines
                parts.append("".join(self._lines(collector, series)).encode())
            else:
                parts.append(generate_latest(collector))
        for names, most in series.items():
            if len(self._texts[names]) > 2 * most + _SPARE_TEXTS:
                self._texts[names] = {}
        return b"".join(parts)

    def _lines(self, instrument: Counter | Gauge | Histogram, series: dict[tuple[str, ...], int]) -> Iterator[str]:
        # The client has no way to its series that does not build a dictionary for each, hence its private parts.
        name = f"{instrument._name}_total" if isinstance(instrument, Counter) else instrument._name  # noqa: SLF001
        yield f"# HELP {name} {instrument._documentation}\n# TYPE {name} {instrument._type}\n"  # noqa: SLF001
        with instrument._lock:  # noqa: SLF001
            children: list[tuple[Any, Any]] = list(instrument._metrics.items())  # noqa: SLF001
        names = tuple(instrument._labelnames)  # noqa: SLF001
        texts = self._texts.setdefault(names, {})
        series[names] = max(series.get(names, 0), len(children))
        is_histogram = isinstance(instrument, Histogram)
        for number, (values, child) in enumerate(children):
            if number % _SERIES_AT_A_TIME == 0:
                time.sleep(0)  # hands over to the event loop, which waits for its turn at every callback otherwise
            labels = texts.get(values)
            if labels is None:
                labels = texts[values] = _text(names, values)
            if is_histogram:
                yield from _histogram(name, labels, child)
            else:
                yield f"{name}{{{labels}}} {_number(child._value.get())}\n"  # noqa: SLF001


def _text(names: Iterable[str], values: Iterable[str]) -> str:
    labels = sorted(zip(names, values, strict=True))
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)


def _histogram(name: str, labels: str, child: Any) -> Iterator[str]:
    """Yield the lines of one histogram. ``le`` comes first: our own labels of histograms sort after it."""
    count = 0.0
    for bound, bucket in zip(child._upper_bounds, child._buckets, strict=True):  # noqa: SLF001
        count += bucket.get()
        yield f'{name}_bucket{{le="{_number(bound)}",{labels}}} {_number(count)}\n'
    yield f"{name}_count{{{labels}}} {_number(count)}\n"
    yield f"{name}_sum{{{labels}}} {_number(child._sum.get())}\n"  # noqa: SLF001


def _number(value: float) -> str:
    text = repr(value)
    return text if value < 1e6 and text[0] != "-" and "e" not in text else floatToGoString(value)  # type: ignore[no-untyped-call]
