"""A process that puts numbered events and writes to a log what it was told is stored; started again, it goes on after
that. Arguments: folder, log, putter, events, keys, start (UTC ms)."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from spool_ground import SOURCE, numbered

from producers.spool import Queue

if __name__ == "__main__":
    folder, log = Path(sys.argv[1]), Path(sys.argv[2])
    putter, count, keys, start = map(int, sys.argv[3:])
    told = len(log.read_text().splitlines()) if log.exists() else 0
    chance = random.Random(told)  # noqa: S311
    with Queue(folder, source=SOURCE) as queue:
        out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        while told < count:
            events = [
                numbered(putter, n, count, keys, start)
                for n in range(told, min(count, told + chance.choice([1, 1, 1, 40])))
            ]
            ids = queue.send_many(events)
            os.write(out, "".join(f"{id_}\n" for id_ in ids).encode())
            told += len(ids)
