"""Which profile runs on a data folder: checked copies that nobody edits, and the log of who put which into force.

``profiles/HASH/`` below the data folder is a copy of a profile that passed its check; what runs reads a copy, never
the folder that people edit. ``profiles/activations.jsonl`` is only ever added to; its last line for a profile's
folder says which copy of it is in force.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import stat
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from schemas.profile import Profile, ProfileError
from schemas.profile.archive import README
from schemas.profile.load import FILES


class ActivationError(RuntimeError):
    """The log or a copy on the data folder cannot be trusted; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One line of the log. ``at`` is UTC (ISO 8601), ``source`` the folder it was copied from, ``who`` a user."""

    at: str
    who: str
    source: str
    code: str
    name: str
    hash: str


class Activations:
    """The copies and the log on one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir.absolute() / "profiles"
        self.log = self.folder / "activations.jsonl"

    def copy(self, digest: str) -> Path:
        """Where the copy of a profile with this hash is, or would be."""
        return self.folder / digest

    def history(self) -> list[Activation]:
        """Every activation, oldest first. Raises ActivationError for a damaged line."""
        if not self.log.is_file():
            return []
        found: list[Activation] = []
        for number, line in enumerate(self.log.read_text("utf-8").splitlines(), 1):
            try:
                found.append(Activation(**json.loads(line)))
            except (ValueError, TypeError) as error:
                raise ActivationError(
                    f"{self.log}:{number}: bukan catatan pengaktifan → pulihkan berkas ini dari cadangan, atau hapus "
                    "baris itu"
                ) from error
        return found

    def last(self, source: Path) -> Activation | None:
        """The activation in force of the profile in a folder, None where it was never activated."""
        named = str(source.resolve())
        return next((item for item in reversed(self.history()) if item.source == named), None)

    def size(self) -> int:
        """Bytes of the log: another number means another activation."""
        return self.log.stat().st_size if self.log.is_file() else 0

    def keep(self, source: Path) -> Profile:
        """The profile of a folder, checked and copied; what is returned was read from the copy.

        Raises ProfileError for a profile with problems, which leaves nothing behind.
        """
        logo = Profile.load(source).logo
        names = (*FILES, README, *([logo.name] if logo else ()))
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".baru-") as temporary:
            draft = Path(temporary) / "profile"
            draft.mkdir()
            for name in names:
                if (source / name).is_file():
                    (draft / name).write_bytes((source / name).read_bytes())
            kept = Profile.load(draft)  # what was copied, however the folder changed meanwhile
            target = self.copy(kept.hash)
            if not target.exists():
                for path in draft.iterdir():
                    path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
                draft.rename(target)
        return self.load(kept.hash)

    def load(self, digest: str) -> Profile:
        """The copy with this hash. Raises ActivationError where it is missing or was changed."""
        folder = self.copy(digest)
        try:
            profile = Profile.load(folder)
        except ProfileError as error:
            raise ActivationError(f"{_changed(folder)}\n  {error.problems[0]}") from error
        if profile.hash != digest:
            raise ActivationError(_changed(folder))
        return profile

    def activate(self, source: Path, *, now: datetime | None = None) -> tuple[Profile, bool]:
        """Check, copy and put into force; returns the copy and whether it is a new one for this folder.

        Raises ProfileError for a profile with problems: then nothing changes. A profile that is in force already
        is not written down again.
        """
        profile = self.keep(source)
        before = self.last(source)
        if before is not None and before.hash == profile.hash:
            return profile, False
        at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
        self._add(Activation(at, _user(), str(source.resolve()), profile.code, profile.name, profile.hash))
        return profile, True

    def chosen(self, source: Path) -> Profile:
        """What is to run for a folder: the copy in force, or a copy of the folder as it is where none is."""
        activation = self.last(source)
        return self.load(activation.hash) if activation else self.keep(source)

    def _add(self, activation: Activation) -> None:
        line = json.dumps(asdict(activation), ensure_ascii=False) + "\n"
        with self.log.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())


def _changed(folder: Path) -> str:
    return (
        f"{folder}: salinan profil ini hilang, berubah, atau tidak lagi lolos pemeriksaan → hapus folder itu, lalu "
        "jalankan nadi profile activate"
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
