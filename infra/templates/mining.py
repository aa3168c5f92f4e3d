"""What a historic log says about each permit type: its steps, their order, what is repeated, who holds the file.

Pure: columns in, templates out. The log shows what was done, not what should have been: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from schemas.profile.templates import circle

MANDATORY_SHARE = 0.95
ORDER_SHARE = 0.99
LOOP_SHARE = 0.05
AUTOMATIC_SHARE = 0.95
PAIR_SHARE = 0.5
LEAST_CASES = 20
MOST_PAIRS = 5
ENDED = ("issued", "rejected", "withdrawn", "closed")
DONE = ("issued", "closed")
ISSUED = "kind:issued"
COLUMNS = {
    "case_id": pl.String,
    "event_id": pl.String,
    "occurred_at": pl.Int64,
    "permit_type": pl.String,
    "kind": pl.String,
    "step": pl.String,
    "unit": pl.String,
    "officer_token": pl.String,
    "automatic": pl.Boolean,
    "corrects": pl.String,
}


@dataclass(frozen=True, slots=True)
class MinedStep:
    """A step as the log has it. ``cases`` of the finished cases have it, ``repeated`` of ``seen`` have it twice.

    ``after`` maps each step that came before to the number of cases that have both. ``unit`` held the file in
    ``unit_share`` of its events, empty where the log names no unit.
    """

    code: str
    cases: int
    seen: int
    repeated: int
    mandatory: bool
    loop: bool
    automatic: bool
    after: Mapping[str, int]
    unit: str
    unit_share: float


@dataclass(frozen=True, slots=True)
class MinedPair:
    """Two parts of a case that one officer did both of in ``both`` of the ``cases`` where officers are named."""

    first: str
    second: str
    cases: int
    both: int


@dataclass(frozen=True, slots=True)
class MinedType:
    """A permit type: ``cases`` in all, ``finished`` of them issued or closed; steps in their median order."""

    code: str
    cases: int
    finished: int
    steps: tuple[MinedStep, ...]
    pairs: tuple[MinedPair, ...]


def frame_of(events: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """The columns that are mined, of events of ``permits.steps``; repeats and what was corrected are left out."""
    frame = pl.DataFrame([{name: event.get(name) for name in COLUMNS} for event in events], schema=COLUMNS)
    frame = frame.unique("event_id", keep="first")
    replaced = frame["corrects"].drop_nulls()
    return frame.filter(~pl.col("event_id").is_in(replaced.implode())).sort("occurred_at", "event_id")


def mine(frame: pl.DataFrame) -> list[MinedType]:
    """A template for each permit type of a log (``frame_of``), the commonest first; cases without a type are left out.

    Whole cases are looked at, also what came after their closing: foreign logs often date the closing on their own.
    """
    of_case = frame.group_by("case_id", maintain_order=True).agg(
        pl.col("permit_type").filter(pl.col("permit_type") != "").last().alias("type"),
        pl.col("kind").filter(pl.col("kind").is_in(ENDED)).first().alias("ending"),
    )
    whole = frame.join(of_case, on="case_id", maintain_order="left")
    found = [
        _type(code, whole.filter(pl.col("type") == code)) for code in of_case["type"].drop_nulls().unique()
    ]
    return sorted(found, key=lambda kind: (-kind.cases, kind.code))


def _type(code: str, events: pl.DataFrame) -> MinedType:
    cases = events["case_id"].unique()
    finished = events.filter(pl.col("ending").is_in(DONE))["case_id"].unique()
    judged = finished if len(finished) else cases
    done = _done(events)
    facts = (
        done.group_by("step")
        .agg(
            pl.col("case_id").is_in(judged.implode()).sum().alias("cases"),
            pl.len().alias("seen"),
            (pl.col("times") > 1).sum().alias("repeated"),
            pl.col("rank").median().alias("median"),
            pl.col("rank").mean().alias("mean"),
            (pl.col("automatic").sum() / pl.col("events").sum()).alias("automatic"),
        )
        .sort("median", "mean", "step")
    )
    after, units = _order(done), _units(events)
    steps = [
        MinedStep(
            row["step"],
            row["cases"],
            row["seen"],
            row["repeated"],
            row["cases"] >= MANDATORY_SHARE * len(judged),
            row["repeated"] >= LOOP_SHARE * row["seen"],
            row["automatic"] >= AUTOMATIC_SHARE,
            after.get(row["step"], {}),
            *units.get(row["step"], ("", 0.0)),
        )
        for row in facts.iter_rows(named=True)
    ]
    pairs = _pairs(events, [step.code for step in steps])
    return MinedType(code, len(cases), len(finished), tuple(steps), pairs)


def _done(events: pl.DataFrame) -> pl.DataFrame:
    """One row a case and step: when it began and ended first, how often, and its place among the case's steps."""
    finished = pl.col("kind") == "finished"
    return (
        events.filter(pl.col("kind").is_in(("started", "finished")) & (pl.col("step") != ""))
        .group_by("case_id", "step")
        .agg(
            pl.col("occurred_at").min().alias("begun"),
            pl.col("occurred_at").filter(finished).min().alias("done"),
            pl.max_horizontal(finished.sum(), (~finished).sum()).alias("times"),
            pl.col("automatic").fill_null(value=False).sum().alias("automatic"),
            pl.len().alias("events"),
        )
        .with_columns(pl.col("begun").rank("min").over("case_id").alias("rank"))
    )


def _order(done: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Step to the steps that were finished before it began, in nearly all of the cases that have both.

    What follows from others is left out, but only where nearly every case has the step through which it follows.
    """
    first = done.select("case_id", pl.col("step").alias("before"), "done").drop_nulls()
    both = (
        first.join(done.select("case_id", "step", "begun"), on="case_id")
        .filter(pl.col("before") != pl.col("step"))
        .group_by("before", "step")
        .agg(
            pl.len().alias("cases"),
            (pl.col("done") <= pl.col("begun")).mean().alias("kept"),
            (pl.col("done") < pl.col("begun")).mean().alias("strictly"),
        )
        .filter(
            (pl.col("cases") >= LEAST_CASES) & (pl.col("kept") >= ORDER_SHARE) & (pl.col("strictly") > 0.5)
        )
        .sort("kept", "cases", "before", "step")
    )
    edges = {(row["before"], row["step"]): row["cases"] for row in both.iter_rows(named=True)}
    while found := circle(_grouped(edges)):
        around = set(zip([*found[1:], found[0]], found, strict=True))
        del edges[next(edge for edge in edges if edge in around)]  # the one with the least behind it
    having = _cases_of(done)

    def follows(before: str, step: str, between: str) -> bool:
        pair = having[before] & having[step]
        return (
            (before, between) in edges
            and (between, step) in edges
            and (pair & having[between]).bit_count() >= ORDER_SHARE * pair.bit_count()
        )

    return _grouped(
        {
            (before, step): cases
            for (before, step), cases in edges.items()
            if not any(follows(before, step, between) for between in having)
        }
    )


def _cases_of(done: pl.DataFrame) -> dict[str, int]:
    """Step to its cases as the bits of a number, which are fast to intersect."""
    numbered = done.with_columns((pl.col("case_id").rank("dense") - 1).alias("number"))
    found: dict[str, int] = {}
    for (step,), rows in numbered.group_by("step"):
        bits = bytearray(numbered.height // 8 + 1)
        for number in rows["number"]:
            bits[number >> 3] |= 1 << (number & 7)
        found[str(step)] = int.from_bytes(bits, "little")
    return found


def _grouped(edges: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {name: {} for edge in edges for name in edge}
    for (before, step), cases in edges.items():
        found[step][before] = cases
    return found


def _units(events: pl.DataFrame) -> dict[str, tuple[str, float]]:
    """Step to the unit most of its events name, and the share of those."""
    counted = (
        events.filter((pl.col("step") != "") & (pl.col("unit") != ""))
        .group_by("step", "unit")
        .len()
        .with_columns((pl.col("len") / pl.col("len").sum().over("step")).alias("share"))
        .sort("len", "unit", descending=[True, False])
        .unique("step", keep="first", maintain_order=True)
    )
    return {row["step"]: (row["unit"], row["share"]) for row in counted.iter_rows(named=True)}


def _pairs(events: pl.DataFrame, steps: list[str]) -> tuple[MinedPair, ...]:
    """Parts of most cases that were least often done by one officer, the rarest first."""
    least = max(LEAST_CASES, PAIR_SHARE * events["case_id"].n_unique())
    acted = events.filter((pl.col("officer_token") != "") & ~pl.col("automatic").fill_null(value=False))
    members = pl.concat(
        [
            acted.filter(pl.col("step") != "").select(
                "case_id", pl.col("step").alias("member"), "officer_token"
            ),
            acted.filter(pl.col("kind") == "issued").select(
                "case_id", pl.lit(ISSUED).alias("member"), "officer_token"
            ),
        ]
    ).unique()
    place = {code: number for number, code in enumerate([*steps, ISSUED])}
    named = members.group_by("case_id", "member").agg(pl.col("officer_token").alias("officers"))
    both = (
        named.join(named, on="case_id", suffix="_other")
        .filter(
            pl.col("member").replace_strict(place, default=-1)
            < pl.col("member_other").replace_strict(place, default=-1)
        )
        .filter(pl.col("member").is_in(list(place)))
        .with_columns(
            (pl.col("officers").list.set_intersection("officers_other").list.len() > 0).alias("same")
        )
        .group_by("member", "member_other")
        .agg(pl.len().alias("cases"), pl.col("same").sum().alias("both"))
        .filter(pl.col("cases") >= least)
        .sort(pl.col("both") / pl.col("cases"), -pl.col("cases").cast(pl.Int64), "member", "member_other")
    )
    return tuple(MinedPair(*row) for row in both.head(MOST_PAIRS).iter_rows())
