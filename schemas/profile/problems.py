"""What is wrong with a profile: where, what, and what to do. The texts are read by officials: Bahasa Indonesia."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault. ``file`` is relative to the profile; ``line`` counts from 1, 0 where the whole file is meant."""

    file: str
    line: int
    message: str
    cure: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message} → {self.cure}"

    def to_dict(self) -> dict[str, str | int]:
        """For ``--json``."""
        return asdict(self)


class ProfileError(ValueError):
    """A profile that cannot be used; ``problems`` has every fault found, in order of file and line."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems: tuple[Problem, ...] = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"profil {path} tidak dapat dipakai, {len(self.problems)} masalah:\n{lines}")
