"""The ``.env`` file of a department: what ``nadi opd add`` prints, and whatever else its user adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class EnvironmentFileError(ValueError):
    """A ``.env`` that cannot be used; the message (Bahasa Indonesia) names the file, the key and what to do."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """``url`` and ``key`` of the gateway, and ``signing_key`` (``whsk_…``) or empty."""

    url: str
    key: str = field(repr=False)
    signing_key: str = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Gateway:
        """Read a file. Raises EnvironmentFileError."""
        return cls.of(read(path), str(path))

    @classmethod
    def of(cls, found: Mapping[str, str], where: str) -> Gateway:
        """From values by name; ``where`` is for the message. Raises EnvironmentFileError."""
        require(found, ("NADI_URL", "NADI_KEY"), where)
        if not found["NADI_URL"].startswith(("http://", "https://")):
            raise EnvironmentFileError(f"{where}: NADI_URL harus diawali https:// atau http://.")
        return cls(found["NADI_URL"].rstrip("/"), found["NADI_KEY"], found.get("NADI_SIGNING_KEY", ""))


def require(found: Mapping[str, str], names: Sequence[str], where: str) -> None:
    """Raises EnvironmentFileError naming those that are missing or empty."""
    missing = [name for name in names if not found.get(name)]
    if missing:
        raise EnvironmentFileError(f"{where}: {', '.join(missing)} belum diisi.")


def read(path: Path) -> dict[str, str]:
    """The values of a file by name. Raises EnvironmentFileError."""
    try:
        return values(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFileError(
            f"{path}: tidak dapat dibaca ({error}). Sebutkan berkas .env dari Diskominfo dengan --env."
        ) from error


def values(text: str) -> dict[str, str]:
    """``NAME=value`` lines; empty lines and ``#`` lines are skipped, one pair of quotes around a value is taken off."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name.removeprefix("export ").strip()] = value
    return found
