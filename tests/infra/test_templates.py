"""Templates mined from history: what is mandatory, ordered, repeated and held, and a proposal that passes the check."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import rules as command
from infra.templates import mining
from infra.templates.mining import MinedPair, MinedStep, MinedType, frame_of, mine
from infra.templates.proposal import written
from producers.simulator.permits import Permits
from producers.simulator.world import World
from schemas.profile import PermitType, Profile, check

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
DAY = date(2025, 1, 2)
Event = dict[str, Any]


def case(number: int, steps: str, *, ending: str = "issued", kind: str = "X", **fields: Any) -> list[Event]:
    """A case whose steps are the letters, each finished a minute after the one before; ``ab`` at once in brackets."""
    events: list[Event] = []
    at, together = number * 1_000_000, False
    for step in steps:
        if step in "()":
            together = step == "("
            at += 0 if together else 60_000
            continue
        at += 0 if together else 60_000
        events.append({"kind": "finished", "step": step, "occurred_at": at, **fields})
    if ending:
        events.append({"kind": ending, "occurred_at": at + 60_000})
    for place, event in enumerate(events):
        event |= {"case_id": f"c{number}", "event_id": f"{number}-{place:03d}", "permit_type": kind}
    return events


def mined(*cases: list[Event]) -> MinedType:
    (found,) = mine(frame_of([event for events in cases for event in events]))
    return found


def by_code(kind: MinedType) -> dict[str, MinedStep]:
    return {step.code: step for step in kind.steps}


def test_steps_are_in_median_order_and_mandatory_from_95_of_100() -> None:
    cases = [case(n, "abc") for n in range(95)] + [case(n, "ac") for n in range(95, 100)]
    found = mined(*cases, case(100, "a", ending="withdrawn"), case(101, "a", ending=""))
    assert (found.cases, found.finished) == (102, 100)
    assert [step.code for step in found.steps] == ["a", "b", "c"]
    assert [step.mandatory for step in found.steps] == [True, True, True]
    assert (by_code(found)["b"].cases, by_code(found)["a"].seen) == (95, 102)
    fewer = mined(*cases[:94], *[case(n, "ac") for n in range(94, 100)])
    assert not by_code(fewer)["b"].mandatory


def test_order_is_what_held_in_99_of_100_cases_with_both() -> None:
    kept = mined(*[case(n, "ab") for n in range(99)], case(99, "ba"))
    assert by_code(kept)["b"].after == {"a": 100}
    broken = mined(*[case(n, "ab") for n in range(98)], case(98, "ba"), case(99, "ba"))
    assert by_code(broken)["b"].after == {}
    assert by_code(mined(*[case(n, "ab") for n in range(mining.LEAST_CASES - 1)]))["b"].after == {}
    assert by_code(mined(*[case(n, "(ab)") for n in range(30)]))["b"].after == {}


def test_what_follows_from_other_steps_is_left_out() -> None:
    chain = mined(*[case(n, "abcd") for n in range(30)])
    assert {code: set(step.after) for code, step in by_code(chain).items()} == {
        "a": set(),
        "b": {"a"},
        "c": {"b"},
        "d": {"c"},
    }
    detour = mined(*[case(n, "abd") for n in range(30)], *[case(n, "ad") for n in range(30, 60)])
    assert set(by_code(detour)["d"].after) == {"a", "b"}


def test_a_circle_of_orders_is_opened_where_the_least_stands_behind_it() -> None:
    kinds = [case(n, "ab") for n in range(40)] + [case(n, "bc") for n in range(40, 70)]
    found = mined(*kinds, *[case(n, "ca") for n in range(70, 95)])
    assert {code: dict(step.after) for code, step in by_code(found).items()} == {
        "a": {},
        "b": {"a": 40},
        "c": {"b": 30},
    }


def test_loops_units_machines_and_repeated_events() -> None:
    cases = [case(n, "abb" if n < 5 else "ab", unit="U1" if n < 60 else "U2") for n in range(100)]
    cases += [case(n, "z", automatic=True, unit=None) for n in range(100, 130)]
    found = by_code(mined(*cases, *cases[50:60]))
    assert (found["b"].repeated, found["b"].seen, found["b"].loop) == (5, 100, True)
    assert not found["a"].loop
    assert (found["a"].unit, round(found["a"].unit_share, 2)) == ("U1", 0.6)
    assert (found["z"].automatic, found["z"].unit, found["a"].automatic) == (True, "", False)


def test_a_started_step_is_done_once_and_a_corrected_event_not_at_all() -> None:
    events = case(1, "a")
    start = events[0] | {"kind": "started", "event_id": "1-start", "occurred_at": 1}
    wrong = events[0] | {"event_id": "1-wrong", "step": "b"}
    right = events[0] | {"event_id": "1-right", "corrects": "1-wrong", "occurred_at": 5_000_000}
    found = mined([start, *events, wrong])
    assert {step.code: step.repeated for step in found.steps} == {"a": 0, "b": 0}
    assert {step.code: step.repeated for step in mined([start, *events, wrong, right]).steps} == {"a": 1}


def test_pairs_are_those_least_often_done_by_one_officer() -> None:
    def pair(n: int, first: str, second: str) -> list[Event]:
        events = case(n, "ab")
        for event, officer in zip(events, (first, second, "head"), strict=True):
            event["officer_token"] = officer
        return events

    found = mined(*[pair(n, "o1", "o1" if n < 4 else "o2") for n in range(40)])
    assert found.pairs == (
        MinedPair("a", "kind:issued", 40, 0),
        MinedPair("b", "kind:issued", 40, 0),
        MinedPair("a", "b", 40, 4),
    )


def test_types_come_by_their_number_of_cases_and_a_case_has_its_last_type() -> None:
    late = case(9, "ab", kind="")
    late[1]["permit_type"] = "Y"
    events = [*case(1, "a"), *case(2, "a"), *late, *case(3, "a", kind="")]
    assert [(kind.code, kind.cases) for kind in mine(frame_of(events))] == [("X", 2), ("Y", 1)]
    assert mine(frame_of([])) == []


def into_profile(tmp_path: Path, text: str) -> Path:
    folder = Path(shutil.copytree(CONTOH, tmp_path / "profil"))
    (folder / "permit_types.toml").write_text(text, encoding="utf-8")
    (folder / "tariffs.csv").unlink(missing_ok=True)
    return folder


def before(kind: PermitType, code: str) -> set[str]:
    """All steps that come before one, by the order of its predecessors."""
    step = kind.step(code)
    direct = set(step.after) if step is not None else set()
    return direct.union(*(before(kind, other) for other in direct))


def test_the_simulated_regency_is_found_again(tmp_path: Path) -> None:
    profile = Profile.load(CONTOH)
    events = [e for group in Permits(World(profile, 5, 40_000)).groups(2025) for e in group.events]
    folder = into_profile(tmp_path, written(mine(frame_of(events)), profile.units, "log.csv", DAY))
    assert check(folder) == []
    found = Profile.load(folder).permit_types
    assert set(found) == set(profile.permit_types)
    for code, kind in profile.permit_types.items():
        assert [(s.code, s.unit, s.mandatory, s.automatic) for s in found[code].steps] == [
            (s.code, s.unit, s.mandatory, s.automatic) for s in kind.steps
        ]
        for place, mined in enumerate(
            found[code].steps
        ):  # some work is done in parallel: an order, not a chain
            assert before(found[code], mined.code) <= {step.code for step in kind.steps[:place]}
        loops = {step.code for step in kind.steps if step.loop}
        assert {s.code for s in found[code].steps if s.loop} <= loops


def test_a_proposal_passes_the_check_with_its_pairs_uncommented(tmp_path: Path) -> None:
    steps = (
        MinedStep('a "b" #1', 3, 3, 0, True, False, False, {}, "", 0.0),
        MinedStep("T02 Check / adjust & send", 3, 3, 1, True, True, True, {'a "b" #1': 3}, "Group 1", 0.5),
        MinedStep("T03", 2, 3, 0, False, False, False, {"T02 Check / adjust & send": 3}, "PUPR-CK", 1.0),
    )
    pairs = (MinedPair("T03", "kind:issued", 3, 1),)
    types = [
        MinedType("General", 3, 3, steps, pairs),
        MinedType("Tanpa langkah", 1, 0, (), ()),
        MinedType("Jenis\n[[type]]", 1, 1, steps, ()),
    ]
    text = written(types, {"PUPR-CK"}, "log lama.csv", DAY)
    folder = into_profile(tmp_path, text)
    assert check(folder) == []
    (kind,) = Profile.load(folder).permit_types.values()
    assert [(s.code, s.unit, s.after, s.loop) for s in kind.steps] == [
        ("T02 Check / adjust & send", "", (), True),
        ("T03", "PUPR-CK", ("T02 Check / adjust & send",), False),
    ]
    assert "petugas sama di 1 dari 3 perkara (33,3 %)" in text
    assert 'unit = "Group 1" # 50 %; belum ada di units.csv' in text
    approved = text.replace('# legal_basis = ""', '# legal_basis = "SOP"')
    marks = ("# [[type.incomp", "# first", "# second", "# valid_from", "# legal_basis")
    lines = [line.removeprefix("# ") if line.startswith(marks) else line for line in approved.splitlines()]
    (folder / "permit_types.toml").write_text("\n".join(lines), encoding="utf-8")
    assert check(folder) == []
    assert Profile.load(folder).permit_types["General"].pairs_on(DAY)[0].second == "kind:issued"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "izin.csv"
    rows = [event for n in range(30) for event in case(n, "abc", unit="PUPR-CK")]
    fields = ["case_id", "permit_type", "kind", "step", "unit", "occurred_at", "catatan"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields, extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            at = datetime.fromtimestamp(row["occurred_at"] / 1000, UTC)
            writer.writerow(row | {"occurred_at": at.isoformat()})
    return path


def run(*words: str) -> tuple[int, str]:
    root = typer.Typer()
    command.register(root)
    done = CliRunner().invoke(root, ["rules", "propose-template", *words])
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


def test_the_command_reads_the_contract_s_names_or_a_mapping(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "usulan.toml"
    code, said = run(str(log), "--out", str(out), "--json")
    assert code == 0, said
    assert json.loads(said) == {
        "file": str(out), "types": 1, "steps": 3, "cases": 30, "events": 120, "rejected": 0,
    }  # fmt: skip
    folder = into_profile(tmp_path, out.read_text(encoding="utf-8"))
    assert check(folder) == []
    assert Profile.load(folder).permit_types["X"].steps[2].after == ("b",)
    code, said = run(str(log), "--out", str(out))
    assert (code, "sudah ada" in said) == (1, True)

    mapping = tmp_path / "peta.toml"
    mapping.write_text(
        'domain = "permits"\nsource = "/telaah/uji"\n[columns]\ncase_id = "case_id"\nkind = "kind"\n'
        'occurred_at = "occurred_at"\npermit_type = "permit_type"\nstep = "unit"\n',
        encoding="utf-8",
    )
    mapped = tmp_path / "lain.toml"
    code, said = run(str(log), "--mapping", str(mapping), "--out", str(mapped))
    assert code == 0, said
    assert 'code = "PUPR-CK"' in mapped.read_text(encoding="utf-8")


def test_a_file_without_the_contract_s_names_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "asing.csv"
    foreign.write_text("nomor,tanggal\n1,2025-01-01\n", encoding="utf-8")
    code, said = run(str(foreign), "--out", str(tmp_path / "x.toml"))
    assert code == 1
    assert "case_id" in said
    assert not (tmp_path / "x.toml").exists()
