"""A historic log as one table, whatever it came as: CSV, Parquet or XES."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from producers.files.reading import DELIMITERS, FileError, Row
from producers.files.xes import is_xes, read_xes

if TYPE_CHECKING:
    import polars as pl

SLICE_ROWS = 20_000
MOST_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class LogFile:
    """The rows of a file in its order, and what the reader counted beside them (see producers.files.xes).

    Columns of CSV and XES are text; those of Parquet have their types.
    """

    path: Path
    frame: pl.DataFrame
    counts: Counter[str] = field(default_factory=Counter)


def read_log(path: Path) -> LogFile:
    """Read a file whole. Raises ValueError with file, place and cure where it cannot be read."""
    import polars as pl

    if is_xes(path):
        counts: Counter[str] = Counter()
        return LogFile(path, _table(path, read_xes(path, counts)), counts)
    parquet = path.suffix.lower() == ".parquet"
    try:
        if parquet:
            return LogFile(path, pl.read_parquet(path))
        return LogFile(path, pl.read_csv(path, infer_schema=False, separator=_delimiter(path)))
    except pl.exceptions.NoDataError as error:
        raise ValueError(f"{path.name}: the file is empty; it needs a header and rows") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(
            f"{path.name}: cannot be read as {'Parquet' if parquet else 'CSV'}: {error}"
        ) from error


def _delimiter(path: Path) -> str:
    """The delimiter that the header has most of; a comma where it has none."""
    with path.open("rb") as stream:
        header = stream.readline(1 << 20)
    return max(DELIMITERS, key=lambda mark: header.count(mark.encode()))


def _table(path: Path, rows: Iterator[Row]) -> pl.DataFrame:
    """Rows with differing keys as one table of text, made in slices so that few rows are ever Python objects."""
    import polars as pl

    slices: list[pl.DataFrame] = []
    columns: dict[str, list[str | None]] = {}
    names: dict[str, None] = {}
    count = 0

    def cut() -> None:
        nonlocal count
        schema = dict.fromkeys(columns, pl.String)
        slices.append(pl.DataFrame({n: v + [None] * (count - len(v)) for n, v in columns.items()}, schema))
        columns.clear()
        count = 0

    for row in rows:
        for name, value in row.values.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (count - len(column)))
            column.append(value)
        count += 1
        if count == SLICE_ROWS:
            names |= dict.fromkeys(columns)
            _check_width(path, len(names), row.number)
            cut()
        elif len(columns) > MOST_COLUMNS:
            _check_width(path, len(columns), row.number)
    if columns:
        cut()
    if not slices:
        raise FileError(f"berkas {path.name}: tidak memuat satu kejadian (<event>) pun; periksa ekspornya")
    return pl.concat(slices, how="diagonal")


def _check_width(path: Path, width: int, line: int) -> None:
    if width > MOST_COLUMNS:
        raise FileError(
            f"berkas {path.name} baris {line}: lebih dari {MOST_COLUMNS} nama atribut; "
            "nama atribut tampaknya berisi data, periksa ekspornya"
        )
