"""What became of a dropped file, and how the sender is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["published", "repeat", "refused", "waiting", "growing"]

SAID: dict[Status, str] = {
    "published": "Semua baris diterbitkan.",
    "repeat": "Berkas ini sudah pernah diterbitkan; tidak ada yang diterbitkan lagi.",
    "refused": "Tidak ada yang diterbitkan. Perbaiki berkas aslinya, lalu letakkan lagi di folder kiriman.",
    "waiting": "Menunggu; dicoba lagi.",
    "growing": "Masih ditulis; dibaca lagi.",
}


@dataclass(slots=True)
class Outcome:
    """What became of a file. ``waiting``: it could not be published yet and is tried again; ``growing``: it changed while
    it was read. ``problems`` are the first twenty, ``reason`` is why the file as a whole was not taken; both Indonesian.
    ``place`` is its folder below ``kirim``; ``moved_to`` and ``result`` are paths below the drop folder."""

    file: str
    place: str
    status: Status
    sha256: str = ""
    rows: int = 0
    rejected: int = 0
    published: int = 0
    problems: list[str] = field(default_factory=list)
    reason: str = ""
    moved_to: str = ""
    result: str = ""

    def summary(self) -> list[tuple[str, str]]:
        """The lines of the result's second sheet."""
        return [
            ("Berkas", self.file),
            ("Folder", self.place),
            ("Keadaan", SAID[self.status]),
            ("Keterangan", self.reason),
            ("Baris", str(self.rows)),
            ("Baris salah", str(self.rejected)),
            ("Diterbitkan", str(self.published)),
            ("SHA-256", self.sha256),
        ]
