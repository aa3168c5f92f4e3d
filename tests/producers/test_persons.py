"""Numbers of persons become tokens, wrong ones are refused, and what is refused never shows the number."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from stdnum import luhn

from producers.mapping import event_fields
from producers.numbers import found_in, found_in_code, is_kk, is_nik, is_nip, is_npwp, is_phone
from producers.persons import FieldProblem, Persons
from producers.protected import NUMBERS, token_fields
from producers.redaction import MASK, mask, masked
from producers.tokens import Tokens
from schemas.catalogue import DOMAINS

#: Made up: place and date possible, serials that are not given out.
NIK = "6201015708909999"
NIP = "199008172015041999"
NPWP = "09.254.294.3-407.000"
PHONE = "0812-0000-0000"


@pytest.fixture
def persons(tmp_path: Path) -> Persons:
    return Persons(Tokens.open(tmp_path / "tokens.key"), regency="99.01")


def test_every_token_field_of_the_contract_is_in_the_table() -> None:
    fields = {name for domain in DOMAINS for name in event_fields(domain) if name.endswith("_token")}
    assert fields == set(NUMBERS)


def test_plain_names_are_no_fields_of_the_contract() -> None:
    for domain in DOMAINS:
        plain = set(token_fields(domain)) - set(event_fields(domain))
        assert {name for name in token_fields(domain) if name.endswith("_token")} <= set(event_fields(domain))
        assert plain
    assert token_fields("population")["nik"] == "person_token"
    assert token_fields("permits")["officer"] == "officer_token"


def test_checks() -> None:
    assert is_nik(NIK)
    assert is_nik("9304011708900001")  # Papua Selatan, younger than python-stdnum's list
    assert not is_nik(NIK[:12] + "0000")
    assert not is_nik("6201013213909999")
    assert not is_nik("0001015708909999")
    assert is_kk("6201011708909999")
    assert not is_kk(NIK)
    assert is_nip(NIP)
    assert not is_nip("199013172015041999")
    assert is_npwp("092542943407000")
    assert is_npwp("0092542943407000") is luhn.is_valid("0092542943")
    assert not is_npwp("092542944407000")
    assert is_phone("081200000000")


def test_a_number_becomes_the_same_token_by_either_name(persons: Persons, tmp_path: Path) -> None:
    by_field: dict[str, Any] = {"applicant_token": NIK, "officer_token": NIP, "kind": "submitted"}
    by_name: dict[str, Any] = {
        "applicant": "6201 0157 0890 9999",
        "officer": NIP,
        "kind": "submitted",
        "agent": None,
    }
    assert persons.protect("permits", by_field) == persons.protect("permits", by_name) == []
    assert by_field == by_name
    tokens = Tokens.open(tmp_path / "tokens.key")
    assert by_field["applicant_token"] == tokens.token("person", NIK)  # what files make of it
    kept = dict(by_field)
    assert persons.protect("permits", by_field) == []
    assert by_field == kept  # a token stays


def test_a_companys_number_and_a_code_of_the_system(persons: Persons) -> None:
    event: dict[str, Any] = {"payer": NPWP, "cashier": "KASIR-04", "object": "62.01.010.001.002-0034.0"}
    assert persons.protect("revenue", event) == []
    assert set(event) == {"payer_token", "cashier_token", "object_token"}


def test_the_regencys_own_code_counts(persons: Persons) -> None:
    assert persons.protect("permits", {"applicant": "9901015708909999"}) == []
    assert persons.protect("permits", {"applicant": "9801015708909999"})


@pytest.mark.parametrize(
    ("domain", "event", "pointer", "code"),
    [
        ("permits", {"applicant_token": "6201013213909999"}, "/applicant_token", "person-number-wrong"),
        ("permits", {"officer": "12345"}, "/officer", "person-number-wrong"),
        ("permits", {"applicant": int(NIK)}, "/applicant", "number-not-text"),
        ("population", {"family_card": "abc"}, "/family_card", "person-number-wrong"),
        ("population", {"nik": NIK[:15]}, "/nik", "person-number-wrong"),
        ("population", {"nik": NIK, "person_token": NIK}, "/nik", "field-twice"),
        ("population", {"birth_date": "17/08/1990"}, "/birth_date", "date-wrong"),
        ("revenue", {"void_reason": f"salah ketik {NIK}"}, "/void_reason", "person-number-in-text"),
        ("revenue", {"void_reason": f"hubungi {PHONE}"}, "/void_reason", "person-number-in-text"),
        ("revenue", {"void_reason": "ke rekening no 00123456789"}, "/void_reason", "person-number-in-text"),
        ("revenue", {"correction_reason": f"NPWP {NPWP}"}, "/correction_reason", "person-number-in-text"),
        ("budget", {"document_number": f"900/{NIP}/SP2D"}, "/document_number", "person-number-in-text"),
        ("revenue", {"receipt_number": NIK}, "/receipt_number", "person-number-in-text"),
        ("revenue", {"amount": int(NIK)}, "/amount", "person-number-in-text"),
        (
            "revenue",
            {"composition": [{"receipt_number": "A-1"}, {"receipt_number": NIK}]},
            "/composition/1/receipt_number",
            "person-number-in-text",
        ),
    ],
)
def test_what_is_refused(
    persons: Persons, domain: str, event: dict[str, Any], pointer: str, code: str
) -> None:
    digits = [part for value in event.values() for part in [str(value)] if any(c.isdigit() for c in part)]
    problems = persons.protect(domain, dict(event))
    assert [(problem.pointer, problem.code) for problem in problems] == [(pointer, code)]
    said = repr(problems)
    assert NIK not in said
    assert NIP not in said
    assert not any(value in problems[0].sentence for value in digits if len(value) > 6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("case_id", "503/0123/DPMPTSP/2026"),
        ("document_number", "62.01/04.0/000123/LS/5.02.0.00.0.00.01.0000/P.02/8/2026"),
        ("receipt_number", "2026112800000123"),
        ("receipt_number", "1732771234567890"),
        ("void_reason", "salah nominal, seharusnya Rp 1.500.000.000"),
        ("indicator", "panjang jalan mantap 2026-2027: 12,5 km"),
    ],
)
def test_what_is_no_person(persons: Persons, field: str, value: str) -> None:
    assert persons.protect("revenue", {field: value}) == []


def test_derived_facts_of_the_civil_registry(persons: Persons) -> None:
    at = 1_795_842_000_000  # 2026-11-28 12:00 WIB
    event: dict[str, Any] = {
        "nik": NIK, "no_kk": "6201011708909999", "sex": "P", "birth_date": "1990-08-17",
        "mother_birth_date": "1966-11-29", "occurred_at": at,
    }  # fmt: skip
    assert persons.protect("population", event) == []
    assert len(event.pop("person_token")) == len(event.pop("family_card_token")) == 26
    assert event == {
        "sex": "P", "occurred_at": at, "age_years": 36, "mother_age_years": 59, "nik_well_formed": True,
        "nik_region": "620101", "nik_region_known": True, "nik_date_matches": True, "nik_sex_matches": True,
    }  # fmt: skip
    wrong: dict[str, Any] = {
        "nik": "6201011713900000",
        "sex": "P",
        "birth_date": "1990-08-17",
        "occurred_at": at,
    }
    assert persons.protect("population", wrong) == []
    assert wrong["nik_well_formed"] is False
    assert "nik_date_matches" not in wrong
    elsewhere: dict[str, Any] = {"applicant": NIK, "occurred_at": at}
    assert persons.protect("permits", elsewhere) == []
    assert set(elsewhere) == {"applicant_token", "occurred_at"}


def test_names_are_the_senders_too_and_depth_has_an_end(persons: Persons) -> None:
    deep: Any = NIK
    for _ in range(2000):
        deep = [deep]
    assert [problem.code for problem in persons.protect("revenue", {"composition": deep})] == ["too-deep"]
    assert NIK not in repr(persons.protect("revenue", {NIK: f"rekening {NIK}"}))


def test_the_same_sentence_names_field_and_cure(persons: Persons) -> None:
    (problem,) = persons.protect("revenue", {"void_reason": f"salah {NIK}"})
    assert problem == FieldProblem(
        "/void_reason",
        "person-number-in-text",
        "void_reason memuat NIK, nomor KK, atau NPWP. Hapus nomor itu dari teks; nomor orang hanya boleh di kolom yang "
        "disediakan untuknya.",
    )


@pytest.mark.parametrize(
    "number", [NIK, NIP, NPWP, PHONE, "+62 812 0000 0000", "rekening 00123456789", "0012345678901"]
)
def test_masking(number: str) -> None:
    digits = "".join(c for c in number if c.isdigit())
    assert MASK in mask(f"galat: {number}; ulangi")
    text = repr(masked({"a": [number], number: {"b": (number, number.encode())}, "e": ValueError(number)}))
    assert number not in text
    assert digits not in text


def test_what_is_not_masked() -> None:
    for text in (
        "2026-11-28T20:45:32.123456Z", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "permits.steps/3/1234567",
        "12345678-1234-1234-1234-123456789012", "1795842000000", "Rp 1.500.000.000", "offset 987654321",
    ):  # fmt: skip
        assert mask(text) == text
    assert masked({"at": 1_795_842_000_000, "n": 12, "yes": True, "x": None}) == {
        "at": 1_795_842_000_000, "n": 12, "yes": True, "x": None,
    }  # fmt: skip
    assert masked(int(NIK)) == MASK


def test_it_costs_little(persons: Persons) -> None:
    """The bound is wide for a busy machine; docs/decisions/0023 has the figure of a quiet one."""
    base: dict[str, Any] = dict.fromkeys(event_fields("permits"))
    base |= {
        "event_id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "source": "/opd/2.18.01/perizinan", "opd": "2.18.01",
        "kind": "finished", "case_id": "503/0123/DPMPTSP/2026", "permit_type": "PBG", "step": "TEKNIS",
        "occurred_at": 1_795_842_000_000,
    }  # fmt: skip
    events = [
        base
        | {
            "officer_token": f"1990081720150419{i % 50:02d}",
            "applicant_token": f"620101570890{1 + i % 9000:04d}",
        }
        for i in range(10_000)
    ]
    before = time.process_time()
    for event in events:
        persons.protect("permits", event)
    assert (time.process_time() - before) / len(events) < 50e-6
    assert found_in(repr(events[-1]["applicant_token"])) is None


def test_what_counts_for_nothing_is_not_kept(tmp_path: Path) -> None:
    kept: list[tuple[str, str]] = []

    class Keeper:
        def keep(self, pairs: Iterable[tuple[str, str]]) -> None:
            kept.extend(pairs)

    persons = Persons(Tokens.open(tmp_path / "tokens.key"), vault=Keeper())
    assert not persons.protect("permits", {"applicant": NIK})
    persons.drop()
    persons.keep()
    assert kept == []
    assert not persons.protect("permits", {"applicant": NIK})
    persons.keep()
    assert [number for _, number in kept] == [NIK], "it was tried out first, and counts now"


def test_a_uuid_is_no_number_whatever_its_digits_look_like() -> None:
    """A correction names one; the gateway refused such an event for ever."""
    assert found_in_code("e021b2d0-e7e3-5fd4-839a-089334944416") is None
    assert found_in_code("089334944416") == "phone"
    assert found_in_code("BA-089334944416") == "phone"
    nik_in_disguise = "32010117-0890-0001-0000-000000000000"
    assert found_in_code(nik_in_disguise) == found_in_code("3201011708900001")
