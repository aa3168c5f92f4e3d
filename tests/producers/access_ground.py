"""Keys for tests: made as `nadi opd add` makes them, on a book or on the real topic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.settings import PROFILES
from producers.access.book import Book, Key, new_key
from producers.access.caller import Quota
from producers.access.credentials import Made, make
from producers.access.entries import KEY_ISSUED, Entry
from producers.access.keys import Keys
from schemas.profile import Profile

OPD = "2.18.01"
NOON = 1_795_842_000_000  # 2026-11-28 12:00 WIB
DAY_MS = 86_400_000


def profile() -> Profile:
    return Profile.load(PROFILES / "contoh")


def scope(**changes: Any) -> dict[str, Any]:
    return {
        "system": "perizinan",
        "sources": (f"/opd/{OPD}/",),
        "types": ("id.go.nadi.permits.steps.*",),
        "quota": Quota(5, 100, 10_000, 50),
        "addresses": (),
        "sandbox": False,
        "signed": False,
        "expires_at": NOON + DAY_MS,
        **changes,
    }


def issue(at: int = NOON, **changes: Any) -> tuple[Made, Key, Entry]:
    made = make(OPD)
    key = new_key(made, OPD, at, **scope(**changes))
    return made, key, Entry(KEY_ISSUED, key.key_id, at, "penguji", key.issued())


def keys_with(*entries: Entry, counts: Path | None = None, of: Profile | None = None) -> Keys:
    book = Book()
    for entry in entries:
        book.apply(entry)
    return Keys(book, of or profile(), counts)


def bearer(made: Made) -> str:
    return f"Bearer {made.key}"
