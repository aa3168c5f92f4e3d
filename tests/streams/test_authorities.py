"""Two sources report one fact: the one that the profile names counts, whatever the cut and whoever comes first."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from domain_rows import SOURCE, chunks_of, record
from domain_rows import profile as plain_profile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_domains_properties import START, only_foreign, streams

from infra.settings import PROFILES
from producers.access.backfills import OLD
from schemas.profile import Profile, check
from schemas.profile.rows import ANY, FACT_DOMAINS, FactSource
from streams.domains import PROCESSORS
from streams.engine.processor import Context
from streams.reference import compute

OTHER = "/opd/1.02/other"
KINDS = {"revenue": "receipt", "budget": "sp2d", "population": "birth", "activities": "progress"}


def with_rows(*rows: FactSource) -> Profile:
    return replace(plain_profile(), fact_sources=rows)


@pytest.mark.parametrize("domain", FACT_DOMAINS)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), other=st.sampled_from([OTHER, ANY]))
def test_any_cut_equals_the_reference(domain: str, data: st.DataObject, other: str) -> None:
    profile = with_rows(
        FactSource(
            domain, KINDS[domain], ("event_id",), "/opd/1.01", other, date(2026, 1, 3), date(2026, 1, 9)
        ),
        FactSource(domain, KINDS[domain], ("event_id",), "/opd/1.02", "/opd/1.01", date(2026, 1, 10)),
    )
    records, stamps, cuts = data.draw(streams(domain))
    events = [(r, 0, offset, stamp) for offset, (r, stamp) in enumerate(zip(records, stamps, strict=True))]
    for rows in (len(records), 1, cuts):
        processor = PROCESSORS[domain](Context(profile))
        for chunk in chunks_of(domain, records, rows, stamps):
            assert only_foreign(processor.process(chunk))
        found = {tuple(key): amount for key, amount in processor.totals.snapshot().items() if amount}
        assert found == compute(domain, events, profile, stamps[-1])


def receipt(number: int, source: str, amount: int, **more: Any) -> dict[str, Any]:
    return record(
        "revenue", event_id=str(UUID(int=number)), source=source, opd=source.split("/")[2], occurred_at=START + 5 * 86_400_000,
        kind="receipt", cash_office="K1", account="4.1.01", amount=amount, channel="cash", **more,
    )  # fmt: skip


def test_a_receipt_that_two_sources_report_counts_once() -> None:
    row = FactSource("revenue", "receipt", ("receipt_number",), SOURCE, ANY, date(2026, 1, 1))
    processor = PROCESSORS["revenue"](Context(with_rows(row)))
    events = [
        receipt(1, OTHER, 900, receipt_number="R1"),
        receipt(2, SOURCE, 1000, receipt_number="R1"),
        receipt(3, SOURCE + "/cabang", 50, receipt_number="R2"),
        receipt(4, SOURCE + "-lain", 7, receipt_number="R3"),
        receipt(5, OTHER, 20, receipt_number="R1", corrects=str(UUID(int=1))),
    ]
    for chunk in chunks_of("revenue", events, 2):
        assert not processor.process(chunk)
    totals = {(key.metric, key.value): amount for key, amount in processor.totals.snapshot().items()}
    assert totals["revenue.received", ""] == 1050
    assert totals["revenue.events", OTHER] == 2  # it was heard all the same


def test_a_correction_of_another_sources_event_is_set_aside() -> None:
    processor = PROCESSORS["revenue"](Context(plain_profile()))
    first, stranger = receipt(1, SOURCE, 1000), receipt(2, OTHER, 1, corrects=str(UUID(int=1)))
    own = receipt(3, SOURCE, 800, corrects=str(UUID(int=1)))
    stranger["opd"] = first["opd"]  # whoever writes to the topic past the gateway may say so
    errors = [
        error
        for chunk in chunks_of("revenue", [first, stranger, own], 3)
        for error in processor.process(chunk)
    ]
    assert [(error.row, error.reason) for error in errors] == [(1, "ForeignCorrection")]
    totals = {(key.metric, key.value): amount for key, amount in processor.totals.snapshot().items()}
    assert totals["revenue.received", ""] == 800
    assert ("revenue.events", OTHER) not in totals


def wrong(folder: Path, line: str) -> str:
    for path in (PROFILES / "contoh").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    head = "domain,kind,fact,authoritative,other,valid_from,valid_to,legal_basis\n"
    (folder / "fact_sources.csv").write_text(head + line + "\n")
    return "\n".join(map(str, check(folder)))


def test_the_profile_is_read_strictly(tmp_path: Path) -> None:
    assert (
        wrong(tmp_path, "budget,sp2d,fiscal_year document_number,/opd/5.02.01/sipkd,*,2026-01-01,,SK Bupati")
        == ""
    )
    (row,) = Profile.load(tmp_path).fact_sources
    assert (row.fact, row.other) == (("fiscal_year", "document_number"), ANY)
    for line, said in {
        "permits,issued,case_id,/opd/2.18.01/oss,,2026-01-01,,SK": "pilih salah satu: revenue, budget",
        "budget,sp2d,nomor,/opd/5.02.01/sipkd,,2026-01-01,,SK": "misalnya fiscal_year document_number",
        "budget,sp2d,document_number,/opd/5.02.01,/opd/5.02.01/sipkd,,,SK": "valid_from",
        "budget,sp2d,document_number,/opd/5.02.01/sipkd,/opd/5.02.01,2026-01-01,,SK": "mencakup sumber yang berwenang",
        "budget,SP2D,document_number,/opd/5.02.01/sipkd,,2026-01-01,,SK": "pilih salah satu: ceiling",
    }.items():
        assert said in wrong(tmp_path, line), line


def test_the_guide_s_examples_make_a_profile(tmp_path: Path) -> None:
    guide = (PROFILES.parents[1] / "docs/panduan/diskominfo.md").read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (rows,) = (block for block in blocks if block.startswith("domain,kind,fact"))
    (setting,) = (block for block in blocks if OLD in block)
    assert wrong(tmp_path, rows.splitlines()[1]) == ""
    with (tmp_path / "thresholds.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + setting)
    profile = Profile.load(tmp_path)
    assert profile.threshold(OLD, date(2026, 11, 28), 0) == 60
    assert profile.fact_sources[0].fact == ("receipt_number",)
