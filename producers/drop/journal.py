"""Which files were published: one small file each, by sender and SHA-256, written before the file is set aside; and one
while a file is being published."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from producers import durable
from producers.drop.folder import Look


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was published whole. ``at`` is UTC ISO 8601; ``look`` tells whether it is the very same file."""

    name: str
    events: int
    at: str
    look: Look


class Journal:
    """The entries in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, opd: str, domain: str, sha256: str) -> Entry | None:
        """The entry of a file's content from a sender. Raises ValueError where the entry is damaged."""
        path = self._path(opd, domain, sha256)
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_text("utf-8"))
            return Entry(found["name"], found["events"], found["at"], Look(**found["look"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}: catatan pengiriman rusak ({error}); hapus berkas ini, pengiriman lalu diulang dengan ID yang sama"
            ) from error

    def write(self, opd: str, domain: str, sha256: str, entry: Entry) -> None:
        """Keep an entry, on disk when this returns."""
        durable.write(self._path(opd, domain, sha256), json.dumps(asdict(entry), ensure_ascii=False).encode())

    def begin(self, opd: str, domain: str, sha256: str) -> None:
        """Keep, before its first event, that a file was let in: it is finished even if the rules change meanwhile."""
        durable.write(self._begun(opd, domain, sha256), b"")

    def begun(self, opd: str, domain: str, sha256: str) -> bool:
        """Whether a file was let in and its fate is not recorded yet."""
        return self._begun(opd, domain, sha256).exists()

    def end(self, opd: str, domain: str, sha256: str) -> None:
        """The file's fate is recorded: forget that it was begun."""
        self._begun(opd, domain, sha256).unlink(missing_ok=True)

    def _begun(self, opd: str, domain: str, sha256: str) -> Path:
        return self._path(opd, domain, sha256).with_suffix(".mulai")

    def _path(self, opd: str, domain: str, sha256: str) -> Path:
        return self._folder / f"{opd}-{domain}-{sha256}.json"
