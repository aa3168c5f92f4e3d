"""The rules' pages: whole in themselves, without scripts, and with everything a reader needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.rules.counts import Count, Shown
from infra.rules.remarks import remarks
from infra.rules.site import INDEX, Figures, Site, static_link
from infra.rules.states import States
from streams.rules import rules
from streams.rules.rule import Rule
from streams.rules.trial import example_profile, worked

VERDICTS = re.compile(r"\b(terbukti|bersalah|pelaku|kkn)\b", re.IGNORECASE)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(example_profile(), States(tmp_path), static_link)


def test_every_rule_has_a_page_and_the_index_leads_to_it(site: Site, tmp_path: Path) -> None:
    written = site.write(tmp_path / "aturan", Figures())
    assert [path.name for path in written] == ["index.html", *(f"{name}.html" for name in rules())]
    index = written[0].read_text("utf-8")
    for name in rules():
        assert f'href="{name}.html"' in index


@pytest.mark.parametrize("name", [INDEX, *rules()])
def test_a_page_needs_nothing_from_elsewhere(site: Site, name: str) -> None:
    page = site.page(name, Figures()) or ""
    assert page.startswith("<!doctype html>")
    for forbidden in ("<script", "<link", "<img", " style=", "http://", "https://", " onclick"):
        assert forbidden not in page, forbidden
    assert "@media print" in page
    assert 'name="viewport"' in page
    assert not VERDICTS.search(re.sub(r"<[^>]*>", " ", page))


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_a_page_says_all_there_is_to_say(site: Site, rule: object) -> None:
    one = rules()[getattr(rule, "id")]  # noqa: B009
    page = site.page(one.id, Figures()) or ""
    for heading in (
        "Cara menilai", "Contoh", "Mengapa ini penting", "Penjelasan yang wajar", "Pengaturan", "Pagar yang berlaku",
        "Angka dasar",
    ):  # fmt: skip
        assert f"<h2>{heading}</h2>" in page, heading
    for text in (one.method, one.why, *one.innocent, *one.not_applicable):
        assert text in page.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&"), text
    for parameter in one.parameters:
        assert f"{one.id}.{parameter.name}" in page
    example = worked(one)
    if example is not None:
        for alert in example[1].alerts:
            assert alert["sentence"] in page


def test_figures_are_shown_where_there_are_any(site: Site) -> None:
    counts = {"P01": Count(3, 9, 2, {"tanpa standar": 2}, {"/opd/a": [3, 9, 2], "/opd/b": [0, 0, 0]})}
    page = site.page("P01", Figures(counts)) or ""
    for text in ("25,0 %", "tanpa standar: 2", "/opd/a"):
        assert text in page, text
    assert "Belum ada berkas yang dinilai" in (site.page("P02", Figures(counts)) or "")
    assert "gudang data tidak menjawab" in (site.page("P02", Figures()) or "")
    assert "25,0 %" in (site.page(INDEX, Figures(counts)) or "")
    assert "DATA SIMULASI" not in page
    for name in (INDEX, "P02"):
        simulated = Figures({"P01": Count(1, simulated=True)})
        assert "DATA SIMULASI" in (site.page(name, simulated) or "")


def test_groups_of_rules_over_ledgers_have_a_base_rate(site: Site) -> None:
    counts = {"B05": Count(asked=Count(2, 6, 1, {"nomor faktur tidak diisi": 1})), "P15": Count(1, 3)}
    page = site.page("B05", Figures(counts)) or ""
    for text in ("25,0 %", "nomor faktur tidak diisi: 1", "dihitung dua kali"):
        assert text in page, text
    assert (site.page(INDEX, Figures(counts)) or "").count("25,0 %") == 2
    assert "dihitung dua kali" not in (site.page("P15", Figures(counts)) or "")


def test_what_is_only_shown_stands_on_the_page(site: Site) -> None:
    shown = [Shown(f"2025, 1.{n:02}", "2025-06-01", 0.02 - n / 1000) for n in range(17)]
    page = site.page("B06", Figures({"B06": Count(page=shown)})) or ""
    for text in ("Yang terlihat", "2025, 1.00", "1 Jun 2025", "2 baris lainnya"):
        assert text in page, text
    assert "Yang terlihat" not in (site.page("B06", Figures({"B06": Count()})) or "")


def test_a_decision_is_on_the_page_at_once(site: Site, tmp_path: Path) -> None:
    assert "Keputusan tentang pengiriman" not in (site.page("P02", Figures()) or "")
    States(tmp_path).switch("P02", "delivered", "sudah <90> hari")
    page = site.page("P02", Figures()) or ""
    assert "sudah &lt;90&gt; hari" in page
    assert "Keputusan tentang pengiriman" in page


def test_no_page_for_a_rule_there_is_not(site: Site) -> None:
    assert site.page("Z99", Figures()) is None
    assert site.page("../P01", Figures()) is None


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_examples_are_told_in_words_and_not_in_names_of_fields(rule: Rule) -> None:
    for example in rule.examples:
        others = (event for _, events in example.peers.values() for event in events)
        for _, _, fields in (*example.events, *others):
            for text in remarks(fields):
                assert not re.match(r"\w+_\w+ ", text), text
