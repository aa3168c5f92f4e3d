"""Persons never reach Kafka or a log: their numbers are checked and replaced by tokens, event by event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from producers import derived, numbers
from producers.protected import CODES_ALLOWED, NUMBERS, PAPERS, PROSE, TEXT, token_fields
from producers.redaction import mask
from producers.tokens import Tokens, kind_of

TOKEN_LENGTH = 26
TOKEN = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}")
REMEMBERED = 100_000
LEAST_NIK = 10**15
DEEPEST = 8
_LOOKED_AT, _UNSEEN = 1, 0
#: Fields of a type that holds no number of a person.
_FORMED = frozenset({"occurred_at", "simulated"})


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field. ``pointer`` is a JSON pointer below the event's data, ``sentence`` is Bahasa Indonesia
    and never holds the value."""

    pointer: str
    code: str
    sentence: str


class Keeper(Protocol):
    """Where tokens and their numbers are kept, when a regency keeps them."""

    def keep(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Keep (token, number) pairs that may be known already."""
        ...


class Persons:
    """Replaces the numbers of events. ``vault`` keeps what a token stands for; None keeps nothing.

    ``regency`` is the profile's code (``PP.KK``), which counts as known in a NIK. Not safe to share between threads.
    """

    def __init__(self, tokens: Tokens, *, regency: str = "", vault: Keeper | None = None) -> None:
        self._tokens = tokens
        self._own = regency.replace(".", "")
        self._vault = vault
        self._known: dict[str, dict[str, str]] = {field: {} for field in NUMBERS}
        self._new: dict[str, str] = {}
        self._learned: list[tuple[str, str]] = []

    def protect(self, domain: str, event: dict[str, Any]) -> list[FieldProblem]:
        """Replace every number of one event in place, and derive what the contract has a field for.

        The event may have plain names (``protected.py``) and the helpers of ``derived.py``; afterwards it has only names of
        the contract, as far as they were. An event with problems is to be refused; what is left of it may still hold
        numbers. ``keep`` afterwards, once a batch.
        """
        plan = _plan(domain)
        problems: list[FieldProblem] = []
        given: list[tuple[str, str]] = []
        for name, value in event.items():
            use = plan.get(name, _LOOKED_AT)
            if isinstance(use, str):
                done = not value or (
                    type(value) is str and len(value) == TOKEN_LENGTH and TOKEN.fullmatch(value)
                )
                if name != use or not done:
                    given.append((name, use))
            elif value and use:
                if type(value) is str:
                    if len(value) >= numbers.SHORTEST and (found := suspicious(name, value)):
                        problems.append(in_text(f"/{name}", found))
                elif type(value) is int:
                    if value >= LEAST_NIK and numbers.is_nik(str(value)):
                        problems.append(in_text(f"/{name}", "nik"))
                elif type(value) is list or type(value) is dict:
                    problems.extend(_nested(f"/{name}", value))
        if domain == "population":
            problems.extend(derived.population(event, given))
        for name, field in given:
            value = event.pop(name)
            if value is None or value == "":
                continue
            if field in event:
                problems.append(_twice(name, field))
                continue
            token = self._known[field].get(value) if type(value) is str else None
            token = token or self._token(name, field, value, problems)
            if token:
                event[field] = token
        return problems

    def keep(self) -> None:
        """Put what is new into the vault; before the events are published."""
        if self._vault is not None and self._new:
            self._vault.keep(self._new.items())
        self._new.clear()
        self._learned.clear()

    def drop(self) -> None:
        """Keep nothing of what is new, and take it for new when it comes again: the events count for nothing."""
        for field, value in self._learned:
            self._known[field].pop(value, None)
        self._new.clear()
        self._learned.clear()

    def _token(self, name: str, field: str, value: Any, problems: list[FieldProblem]) -> str | None:
        if type(value) is not str:
            problems.append(
                FieldProblem(
                    f"/{name}",
                    "number-not-text",
                    f"{name} harus teks di antara tanda kutip, bukan angka: angka yang panjang kehilangan ketelitian.",
                )
            )
            return None
        if TOKEN.fullmatch(value):
            return value
        digits = numbers.plain(value.strip())
        if not self._fits(field, digits):
            forms = " atau ".join(numbers.FORMS[kind] for kind in NUMBERS[field] if kind != TEXT)
            problems.append(
                FieldProblem(
                    f"/{name}",
                    "person-number-wrong",
                    f"{name} bukan {forms}. Periksa nomornya lalu kirim lagi.",
                )
            )
            return None
        token = self._tokens.token(kind_of(field), value.strip())
        if self._vault is not None:
            self._new[token] = digits if digits.isdigit() else value.strip()
            self._learned.append((field, value))
        known = self._known[field]
        if len(known) >= REMEMBERED:
            known.clear()
        known[value] = token
        return token

    def _fits(self, field: str, digits: str) -> bool:
        if not (digits.isascii() and digits.isdigit()):
            return bool(digits) and field in CODES_ALLOWED
        if self._own and digits.startswith(self._own) and len(digits) == 16:
            digits = "3171" + digits[4:]  # the regency's own code is known, whatever the list of regions says
        return any(kind == TEXT or numbers.CHECKS[kind](digits) for kind in NUMBERS[field])


@cache
def _plan(domain: str) -> dict[str, str | int]:
    """Name of a field to the token field it gives; other fields are looked at unless they are ``_UNSEEN``."""
    return {**dict.fromkeys(_FORMED, _UNSEEN), **token_fields(domain)}


def in_text(pointer: str, kind: str) -> FieldProblem:
    """The refusal of a text in which a protected number stands; the names of fields are the sender's too."""
    pointer = mask(pointer)
    return FieldProblem(
        pointer,
        "person-number-in-text",
        f"{pointer.removeprefix('/')} memuat {numbers.NAMES[kind]}. Hapus nomor itu dari teks; nomor orang hanya boleh di "
        "kolom yang disediakan untuknya.",
    )


def suspicious(name: str, value: str) -> str | None:
    """What protected number a field that is no token seems to hold (a key of ``numbers.NAMES``), by what the field is for:
    any shape in prose, sixteen or eighteen digits in numbers of papers, and only what passes its check in codes."""
    if name in PROSE:
        return numbers.found_in(value)
    if name in PAPERS and (found := numbers.found_in(value)) in ("nik", "nip"):
        return found
    return numbers.found_in_code(value)


def _nested(pointer: str, value: Any, depth: int = 1) -> Iterable[FieldProblem]:
    if depth > DEEPEST:
        yield FieldProblem(
            mask(pointer), "too-deep", "Isi bersusun terlalu dalam. Ikuti susunan pada halaman skema."
        )
        return
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if isinstance(item, str):
            found = suspicious(str(name), item)
            if found:
                yield in_text(place, found)
        elif isinstance(item, list | dict):
            yield from _nested(place, item, depth + 1)


def _twice(name: str, field: str) -> FieldProblem:
    return FieldProblem(
        f"/{name}", "field-twice", f"{name} dan {field} sama-sama diisi; kirim salah satunya saja."
    )
