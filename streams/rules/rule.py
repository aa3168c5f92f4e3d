"""What a rule declares: the facts that people, pages and the engine read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from schemas.profile.rows import Threshold
from streams.cases.book import Floats
from streams.engine.chunk import Int64s
from streams.peers.statistics import values_of
from streams.rules.parameters import Parameters, Values

if TYPE_CHECKING:
    import polars as pl

    from schemas.profile import Profile
    from streams.cases.view import Cases
    from streams.ledgers.groups import Groups, Weighed
    from streams.peers.fences import Fence
    from streams.peers.peers import Asked, Fact, Peers
    from streams.rules.findings import Judgement
    from streams.rules.telling import Told
    from streams.runs import Bools


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A regulation, with the first and last day on which it holds (None: open)."""

    text: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that officials decide: the profile may set ``<rule>.<name>`` by date, permit type and source. ``laws`` are
    dated values of national law that are not the default, in order."""

    name: str
    default: float
    unit: str
    meaning: str
    laws: tuple[Threshold, ...] = ()

    def by_law(self, day: date) -> Threshold | None:
        """The law that gives another value than the default on a day."""
        return next((law for law in reversed(self.laws) if law.holds(day)), None)

    def on(self, day: date) -> float:
        """The value where the profile does not say otherwise."""
        law = self.by_law(day)
        return self.default if law is None else law.value


@dataclass(frozen=True, slots=True)
class Fenced:
    """A measure whose quantiles are frozen once a day, and the limit that the rule makes of some of them.

    ``limit`` gives one limit a row, in ``unit``, from the fences and parameters of as many rows; what is found lies
    ``below`` or ``above`` it. ``values`` are what the buckets of the measure stand for.
    """

    measure: str
    percents: tuple[int, ...]
    side: Literal["below", "above"]
    limit: Callable[[Fence, Values], Floats]
    unit: str = "minutes"
    values: Callable[[Int64s], Floats] = values_of


@dataclass(frozen=True, slots=True)
class Example:
    """A row of a rule's table: a case, and what must be said of it.

    ``events`` are (kind, local time, fields); times are ``YYYY-MM-DD HH:MM`` in the regency's zone. ``clock`` is until
    when the clock runs (default: the last event; for the regency task the midnight after it). ``expects`` is ``found``,
    ``not found`` or ``not applicable``; ``level``, ``observed`` and ``scope`` are compared where they are given.
    ``peers`` are other cases in groups by name: how many, and the events of each. The profile is
    ``streams/rules/example_profile``.
    """

    situation: str
    events: Sequence[tuple[str, str, Mapping[str, Any]]]
    expects: Literal["found", "not found", "not applicable"]
    clock: str = ""
    level: str = ""
    observed: float | None = None
    scope: str | None = None
    peers: Mapping[str, tuple[int, Sequence[tuple[str, str, Mapping[str, Any]]]]] = field(
        default_factory=dict
    )


#: The situations that every rule's table must show.
SITUATIONS = (
    "found", "not found", "just below", "just above", "not applicable", "too few", "before a dated change",
    "after a dated change",
)  # fmt: skip

Kind = Literal["hard", "soft", "context", "page"]
Task = Literal["case", "regency"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. Texts are Bahasa Indonesia, for the inspectorate.

    ``kind``: a *hard* finding is a fact, a *soft* one a sign among others, *context* only accompanies other alerts, a
    *page* is shown and never an alert. ``task``: the case task judges by one case alone, the regency task by many.
    ``delivers``: reaches the inspectorate from the first day; the others are observed until a person enables them.
    ``reads_absence``: says something because nothing came, so it waits while the source is silent (a rule with ``weigh``
    must see to that itself). ``without`` are situations that cannot be for this rule, with the reason.
    ``not_applicable`` are the reasons, by the number that ``judge``, ``compare`` or ``weigh`` gives.

    For the combination with other alerts (``streams/risks``): rules of one ``family`` measure much the same thing, and
    count as one sign; by default a hard rule stands for itself, and soft ones of a domain together. ``about`` are fields
    with the tokens of those that an alert is about, where its evidence names one alone; a token of ``by`` always is.

    A rule of one case has ``judge``; it may ``compare`` too, once a day in the regency task, and what that finds has the
    scope ``compares``, which ``judge`` never gives, so that the alerts of both tasks stay apart. One of the regency task
    counts ``facts`` of closed cases under its ``measures`` and has ``compare`` for cases that closed, ``ask`` for pairs such
    as an officer and an applicant, once a day, or both; ``fences`` say which measures have their quantiles frozen, ``shows`` the events that are evidence about a pair.

    A rule about money or people has ``weigh``, once a day in the regency task: over the ``rows`` of its domain that have
    the same ``by``, of the last ``window`` days; only where something came or was corrected since the day before, or with
    ``daily`` everywhere, or with ``recent`` beside it wherever there is a row of so many days. With ``every`` it is asked only
    every so many days, about what came since the last time too. Several days are asked about at once. ``adds`` are columns
    that each row gives by itself, so that they are computed once, when it comes. With ``once`` it is given each row once,
    whatever the number of days, and lays out itself those that matter (``Groups.by_day``). With ``keeps`` it reads no
    other rows of its domain by this profile, so the ledger need not have them. With ``each``, a row belongs to the group of each of these fields that it has: ``by`` then has
    ``token``, its value, and the column ``field`` names it. ``reads`` are the fields that it needs, by domain; those
    of another domain it finds in ``Groups.ledger``. With ``settles`` it judges a finding only so many days after the day from
    which it holds, while all that it was compared with is within the window; then it stands as it was.
    """

    id: str
    version: str
    title: str
    domain: str
    kind: Kind
    task: Task
    area: str
    legal_basis: tuple[LegalBasis, ...]
    method: str
    why: str
    innocent: tuple[str, ...]
    unit_of_measure: str
    owner: str = "Inspektorat Daerah"
    parameters: tuple[Parameter, ...] = ()
    minimum_sample: int = 0
    severity: float = 0.5
    family: str = ""
    about: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("case_id", "occurred_at")
    sources: tuple[str, ...] = ()
    delivers: bool = False
    reads_absence: bool = False
    not_applicable: tuple[str, ...] = ()
    historic: bool = True
    judge: Callable[[Cases, Parameters], Judgement] | None = None
    measures: tuple[str, ...] = ()
    fences: tuple[Fenced, ...] = ()
    facts: Callable[[Cases], Sequence[Fact]] | None = None
    compare: Callable[[Cases, Parameters, Peers], Judgement] | None = None
    compares: str = ""
    ask: Callable[[Peers], Asked] | None = None
    shows: Callable[[Cases, str, str], Bools] | None = None
    weigh: Callable[[Groups], Weighed] | None = None
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Callable[[], pl.Expr] | None = None
    by: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    window: int = 0
    settles: int = 0
    daily: bool = False
    recent: int = 0
    every: int = 1
    once: bool = False
    adds: Callable[[], Sequence[pl.Expr]] | None = None
    keeps: Callable[[Profile], pl.Expr] | None = None
    sentence: Callable[[Told], str] | None = None
    withdrawn: Callable[[bool], str] | None = None
    examples: tuple[Example, ...] = ()
    without: Mapping[str, str] = field(default_factory=dict)

    def parameter(self, name: str) -> Parameter:
        """A parameter by name. Raises StopIteration for one that it does not have."""
        return next(p for p in self.parameters if p.name == name)

    def default(self, name: str) -> float:
        """The default of a parameter."""
        return self.parameter(name).default

    @property
    def sign(self) -> str:
        """What its alerts are a sign of: those of one sign are not independent of each other."""
        return self.family or (self.id if self.kind == "hard" else self.domain)

    def among_peers(self, scope: str) -> bool:
        """Whether the regency task says what the rule says in a scope."""
        return self.task == "regency" or scope == self.compares != ""

    def counted_as(self, task: Task) -> str:
        """The name under which a task counts the cases that it judged by the rule."""
        return self.id if task == self.task else f"{self.id}/{self.compares}"

    def judged(self, cases: Cases) -> Judgement:
        """What the rule says of the cases. Raises ValueError for one that judges by more than cases."""
        if self.judge is None:
            raise ValueError(f"rule {self.id} does not judge cases")
        return self.judge(cases, Parameters(self, cases))


__all__ = ["SITUATIONS", "Example", "Fenced", "Kind", "LegalBasis", "Parameter", "Rule", "Task"]
