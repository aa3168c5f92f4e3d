"""A process of its own that reads one sheet and writes it to standard output, a line of JSON for each row.

It is started by path (``python -I sheet_process.py FILE MEGABYTES SECONDS``) by ``producers.files.workbooks``, for the
reader allocates the rectangle that a sheet spans before it looks into it: two cells in opposite corners of a file of
5 KB ask for 550 GB and abort the process. Here that ends this process alone.

The first line is ``{"merged": [[row, column, row, column], …], "rows": n, "columns": n}`` or ``{"error": code,
"text": …}``; each further line is ``[row, {column: value}]`` with the filled cells. Rows and columns count from 0. A
moment is ``{"at": ISO 8601}``; a whole number below 10^15 is whole, a greater one keeps its point, for a spreadsheet keeps
fifteen digits only.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

EXACT = 10**15


def main(path: str, megabytes: int, seconds: int) -> None:
    """Read the first visible sheet of ``path`` within the limits."""
    import python_calamine as calamine

    for asked in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # they are for its parent, whose end closes the pipe
        signal.signal(asked, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        visible = [
            number
            for number, sheet in enumerate(book.sheets_metadata)
            if sheet.visible == calamine.SheetVisibleEnum.Visible
            and sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if not visible:
            _line({"error": "no-sheet", "text": ""})
            return
        sheet = book.get_sheet_by_index(visible[0])
    except calamine.PasswordError as error:
        _line({"error": "password", "text": str(error)})
        return
    except calamine.CalamineError as error:
        _line({"error": "damaged", "text": str(error)})
        return
    merged = [[*first, *last] for first, last in sheet.merged_cell_ranges or ()]
    _line({"merged": merged, "rows": sheet.height, "columns": sheet.width})
    left = sheet.start[1] if sheet.start else 0  # empty rows above come too, empty columns before do not
    for number, cells in enumerate(sheet.iter_rows()):
        filled = {left + column: _value(cell) for column, cell in enumerate(cells) if not _empty(cell)}
        if filled:
            _line([number, filled])


def _empty(cell: Any) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _value(cell: Any) -> Any:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return int(cell)
    if isinstance(cell, date | datetime):
        return {"at": cell.isoformat()}
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell


def _line(content: Any) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
