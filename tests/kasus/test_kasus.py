"""The documents about cases (`docs/kasus`) say what the rules say of the simulated events."""

from __future__ import annotations

from functools import cache
from typing import Any

import kasus_izin as izin
import kasus_oku as oku
import pytest
from kasus_document import COLUMNS, Line, lines, quotes, section, silenced, table
from kasus_story import PROFILE, Spoken, told

from schemas.profile import Profile

OKU, IZIN = "oku-2025.md", "imb-yogyakarta-2022.md"
SPOKE, SILENT = "Aturan yang bersuara", "Aturan yang tidak bersuara"
#: By document and heading, the case told otherwise.
OTHERWISE: dict[tuple[str, str], dict[str, Any]] = {
    (OKU, "Andaikata ceritanya lain"): {"evenly": True, "method": "direct", "noted": False, "percent": 40},
    (IZIN, "Andaikata satu orang memeriksa dan memutus"): {
        "letter": False, "decided_by": izin.MAYORS, "assessed_by": izin.MAYORS, "nature": False,
    },
    (IZIN, "Andaikata kajian teknis dicatat sebagai penolakan"): {"refused": True, "nature": False},
}  # fmt: skip
DOCUMENTS = pytest.mark.parametrize("document", [OKU, IZIN])


def said(document: str, heading: str = SPOKE) -> list[Spoken]:
    """What is said of a case, as it was or as it is told under another heading."""
    return _said(document, heading)


@cache
def _said(document: str, heading: str) -> list[Spoken]:
    otherwise = OTHERWISE.get((document, heading), {})
    profile = Profile.load(PROFILE)
    if document == OKU:
        return told(profile, ("budget", "activities"), oku.events(**otherwise), "2025-03-31")
    office = izin.ordinary(only_last=bool(otherwise))
    heard = told(izin.law(profile), ("permits",), [*izin.events(**otherwise), *office], "2022-06-01")
    return [one for one in heard if one.subject == izin.CASE or not one.subject.startswith(izin.CASES)]


def spoke(document: str, heading: str = SPOKE) -> set[str]:
    return {one.rule for one in said(document, heading)}


@DOCUMENTS
def test_the_table_says_who_spoke_and_when(document: str) -> None:
    text = section(document, SPOKE)
    assert f"| {' | '.join(COLUMNS)} |" in text
    assert [Line(*row[: len(COLUMNS)]) for row in table(text)] == lines(said(document))


@DOCUMENTS
def test_the_sentences_are_those_that_were_said(document: str) -> None:
    quoted = quotes(section(document, SPOKE))
    sentences = {alert["sentence"]: one.rule for one in said(document) for alert in (one.alert, one.last)}
    assert {sentences.get(sentence) for sentence in quoted} == spoke(document)


@DOCUMENTS
def test_what_was_said_stands_to_the_end(document: str) -> None:
    assert "withdrawn" not in {one.last["status"] for one in said(document)}


@DOCUMENTS
def test_who_is_said_to_be_silent_did_not_speak(document: str) -> None:
    silent = {row[0] for row in table(section(document, SILENT))}
    assert silent
    assert not silent & spoke(document)


@pytest.mark.parametrize(("document", "heading"), OTHERWISE)
def test_told_otherwise_others_speak(document: str, heading: str) -> None:
    text = section(document, heading)
    others = [one for one in said(document, heading) if one.rule not in spoke(document)]
    assert [Line(*row[: len(COLUMNS)]) for row in table(text)] == lines(others)
    assert silenced(text) == spoke(document) - spoke(document, heading)


def test_of_oku_the_ceilings_and_the_advances_are_named() -> None:
    found = {(one.rule, one.day, one.subject, one.scope) for one in said(OKU)}
    ceilings = {("B15", "2025-01-23", "2025|1.03.01", f"APBD {sub}") for sub in (oku.BUILDINGS, oku.ROADS)}
    advances = {
        ("B14", "2025-03-13", "2025|DAU", f"1.03.01 SP2D/U{number}")
        for number in range(1, len(oku.PACKAGES) + 1)
    }
    assert {one for one in found if one[0] in ("B14", "B15")} == ceilings | advances
    assert spoke(OKU) == {"B10", "B14", "B15"}


def test_of_the_permit_its_delay_and_its_sudden_end_are_named() -> None:
    found = {(one.rule, one.subject, one.scope, one.alert["unit"]) for one in said(IZIN)}
    last, holder, signer = (izin.UNITS[step] for step in ("LINGKUNGAN", "TEKNIS", "TERBIT"))
    assert found == {
        (rule, izin.CASE, scope, unit)
        for rule, scope, unit in (
            ("P01", "TEKNIS", holder), ("P01", "", last), ("P02", "", last), ("P13", "", signer),
        )
    }  # fmt: skip
