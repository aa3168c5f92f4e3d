"""Files of events: CSV, workbooks (XLSX, ODS, XLS), JSONL, Avro and XES, read row by row."""

from producers.files.ages import Ages
from producers.files.checking import Check, check, good_events, judged
from producers.files.columns import Columns
from producers.files.reading import FileError, Row, read_rows
from producers.files.rows import RowProblem, convert_row

__all__ = [
    "Ages",
    "Check",
    "Columns",
    "FileError",
    "Row",
    "RowProblem",
    "check",
    "convert_row",
    "good_events",
    "judged",
    "read_rows",
]
