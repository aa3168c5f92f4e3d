"""The folder and its parts, and which files in it are ready.

``kirim/OPD/RANAH/`` takes files in; ``selesai`` and ``galat`` keep them with their results; ``pemetaan/OPD/RANAH.toml``
is the administrator's; ``.nadi`` is the program's own. All must be on one file system, for files are renamed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROCESSING = ".PROCESSING"
RESULT = ".hasil.xlsx"
#: Endings of files that another program still writes, and beginnings of those that are nobody's data.
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
HIDDEN = (".", "~$")


class FolderInUseError(RuntimeError):
    """Another process works on the folder; the message says so in Indonesian."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is known again by, without reading it: inode, size in bytes, time of its last change in ns."""

    inode: int
    size: int
    changed: int

    @classmethod
    def at(cls, path: Path) -> Look:
        found = path.stat(follow_symlinks=False)
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Dropped:
    """One file in ``kirim``. ``path`` is where it is now, ``name`` its own name; ``opd`` and ``domain`` are the folders
    it lies in, empty where it lies elsewhere; ``place`` is that folder below ``kirim``."""

    path: Path
    name: str
    opd: str
    domain: str
    place: Path

    @property
    def claimed(self) -> bool:
        return self.path.name.endswith(PROCESSING)


class DropFolder:
    """The folder ``root``, made where it is missing."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.inbox, self.done, self.failed = (self.root / name for name in ("kirim", "selesai", "galat"))
        self.mappings, self.own = self.root / "pemetaan", self.root / ".nadi"
        self.work, self.journal = self.own / "kerja", self.own / "terkirim"
        for folder in (self.inbox, self.done, self.failed, self.mappings, self.work, self.journal):
            folder.mkdir(parents=True, exist_ok=True)

    def make_places(self, senders: Iterable[tuple[str, str]]) -> None:
        """Make the folders of departments and domains."""
        for opd, domain in senders:
            (self.inbox / opd / domain).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes off the folder, and clear what one left that was killed. Raises FolderInUseError."""
        with (self.own / "kunci").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FolderInUseError(
                    f"folder {self.root} sedang dikerjakan proses nadi drop lain; hentikan salah satunya"
                ) from error
            shutil.rmtree(self.work)
            self.work.mkdir()
            yield

    def files(self) -> list[Dropped]:
        """The files that are or will be ready, the oldest first; those once begun before all. Links are left alone."""
        found: list[tuple[bool, int, str, Dropped]] = []
        for folder, _folders, names in os.walk(self.inbox):
            for name in names:
                path = Path(folder) / name
                own = name.removesuffix(PROCESSING)
                if own.startswith(HIDDEN) or own.lower().endswith((*UNFINISHED, RESULT)) or path.is_symlink():
                    continue
                if own == name and f"{name}{PROCESSING}" in names:
                    continue  # one of that name is not finished yet
                place = path.parent.relative_to(self.inbox)
                opd, domain = place.parts if len(place.parts) == 2 else ("", "")
                dropped = Dropped(path, own, opd, domain, place)
                try:
                    changed = Look.at(path).changed
                except FileNotFoundError:
                    continue
                found.append((not dropped.claimed, changed, str(path), dropped))
        return [dropped for *_, dropped in sorted(found, key=lambda item: item[:3])]


class Settled:
    """Tells files that have stopped growing: seen the same for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[Path, tuple[Look, float]] = {}

    def ready(self, files: Iterable[Dropped], now: float) -> list[Dropped]:
        """Those of the files that are whole; ``now`` is a monotonic time in seconds."""
        seen: dict[Path, tuple[Look, float]] = {}
        found: list[Dropped] = []
        for dropped in files:
            try:
                look = Look.at(dropped.path)
            except FileNotFoundError:
                continue
            before, since = self._seen.get(dropped.path, (None, now))
            seen[dropped.path] = (look, since if before == look else now)
            if dropped.claimed or now - seen[dropped.path][1] >= self._seconds:
                found.append(dropped)
        self._seen = seen
        return found
