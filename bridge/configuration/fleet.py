"""Collects the meters of the CSV that ``METERS_FILE`` names, one per line. Knows lines, cells and columns, no values.

A mistake here marks ``("meters",)`` as tried: some meter may be missing because of it.

The file: UTF-8, a header with the columns' names, cells separated by ``,`` or ``;``, comment lines that
begin with ``#``. An empty cell is unset. A cell never spans lines, so a mistake's line number is the editor's.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bridge.configuration.environment import METER_NAME, METER_NAME_RULE
from bridge.configuration.source_values import SourceValue, SourceValues, why
from bridge.configuration.variables import FIELDS, METERS, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS: Final = ("name", *FIELDS[METERS])
_REQUIRED: Final = ("name", "host")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def collect(file: Path, found: SourceValues) -> None:
    """Add the meters in ``file`` to ``found``, and every mistake in it with its line."""
    try:
        if not file.is_file():
            found.reject((METERS,), f"METERS_FILE={file}: there is no such file (a folder or a device will not do)")
            return
        content = file.read_bytes()
        if file.suffix == ".gz":  # as bridge stack writes it, where Swarm takes no larger file
            content = gzip.decompress(content)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        found.reject((METERS,), f"METERS_FILE={file}: cannot be read: {why(error)}")
        return
    lines = _lines(content, file, found)
    header = next(lines, None)
    if header is None:
        if not found.problems:
            found.reject((METERS,), f"{file}: is empty; the first line names the columns: {', '.join(_REQUIRED)}, …")
        return
    columns = _columns(header, found)
    if columns:
        for line in lines:
            _add_meter(line, columns, found)


@dataclass(frozen=True, slots=True)
class _Line:
    place: str
    cells: list[str]


def _lines(content: bytes, file: Path, found: SourceValues) -> Iterator[_Line]:
    """Yield the lines that hold cells. The first of them, the header, sets the separator."""
    separator = ""
    for number, raw in enumerate(content.removeprefix(_BYTE_ORDER_MARK).split(b"\n"), start=1):
        place = f"{file}:{number}"
        try:
            text = raw.decode().rstrip("\r")
        except UnicodeDecodeError as error:
            found.reject(
                (METERS,),
                f"{place}: not UTF-8 from character {error.start + 1} on; save the file as UTF-8 "
                "(in Excel: CSV UTF-8). Nothing after it was looked at",
            )
            return
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        separator = separator or (";" if text.count(";") > text.count(",") else ",")
        try:
            cells = next(csv.reader([text], delimiter=separator, strict=True, skipinitialspace=True))
        except (csv.Error, StopIteration) as error:
            found.reject((METERS,), f"{place}: the quotes do not match: {error}")
            continue
        # A spreadsheet writes empty rows as separators only, and puts quotes round a comment with a comma in it.
        if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
            yield _Line(place, cells)


def _columns(header: _Line, found: SourceValues) -> list[str] | None:
    """Return the columns' names in order, or None after naming what is wrong with them."""
    columns = [cell.strip().lower() for cell in header.cells]
    while columns and not columns[-1]:
        columns.pop()
    wrong = []
    for number, column in enumerate(columns, start=1):
        if column not in COLUMNS:
            close = get_close_matches(column, COLUMNS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the columns are {', '.join(COLUMNS)}"
            named = f"column {column or number}"
            wrong.append(f"{header.place}: {named}: unknown; {hint}")
        elif column in columns[: number - 1]:
            wrong.append(f"{header.place}: column {column}: appears twice")
    near = {match for column in columns for match in get_close_matches(column, COLUMNS, n=1)}
    wrong += [
        f"{header.place}: column {column}: missing; every meter needs one" for column in _REQUIRED if column not in near
    ]
    for problem in wrong:
        found.reject((METERS,), problem)
    return None if wrong else columns


def _add_meter(line: _Line, columns: list[str], found: SourceValues) -> None:
    cells = list(line.cells)
    while len(cells) > len(columns) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(columns):
        found.reject((METERS,), f"{line.place}: has {len(cells)} cells; the header has {len(columns)} columns")
        return
    # A password keeps its own spaces: they may be meant.
    row = {
        column: cell if is_secret((METERS, column)) and cell.strip() else cell.strip()
        for column, cell in zip(columns, cells, strict=True)
    }
    written = row.pop("name")
    if not METER_NAME.fullmatch(written):
        problem = f"={written}: {METER_NAME_RULE}" if written else ": missing; every meter needs one"
        found.reject((METERS,), f"{line.place}: name{problem}")
        return
    meter = written.lower()
    given = {
        column: SourceValue(prefix=f"{line.place}: ", name=column, source=line.place, value=value)
        for column, value in row.items()
    }
    first = found.meter_places.setdefault(meter, given["host"])
    if first is not given["host"]:
        found.reject(
            (METERS,),
            f"{line.place}: name={written}: a second meter with the name of {first.prefix.rstrip(': _')}; "
            "each meter needs a name of its own, upper and lower case being the same",
        )
        found.tried.add((METERS, meter, "host"))  # it may have been meant to be the other's
        return
    found.meter_names.pop(meter, None)  # its password may have been met before: the file sets the order
    found.meter_names[meter] = written
    for column, item in given.items():
        found.add((METERS, meter, column), item)
