"""Official reports that figures are compared with: what their lines say, in the form of a contract's fields.

A mapping (producers/mapping.py) says which column of a file is which field, as it does for events: ``domain`` is then
the name of a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """One kind of report. ``keys`` are the fields that say what a line is about, any of which a file may lack;
    ``measures`` are its amounts (rupiah), and ``metrics`` which of our figures each is compared with."""

    domain: str
    keys: tuple[str, ...]
    metrics: Mapping[str, str]
    required: tuple[str, ...]
    dated: bool = False

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(self.metrics)

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The fields by name, as producers.values.convert reads them."""
        found: dict[str, dict[str, Any]] = {name: {"type": "string", "default": None} for name in self.keys}
        if self.dated:
            found["occurred_at"] = {"type": "long", "doc": "the day, UTC milliseconds"}
        for name in self.measures:
            found[name] = {"type": "long"} | ({} if name in self.required else {"default": None})
        return {name: {"name": name, **spec} for name, spec in found.items()}


#: LRA (Laporan Realisasi Anggaran) of spending and of revenue; a list of deposits to the treasury account (RKUD), or
#: that account's bank statement. The first measure is the one a report is known by.
REPORTS: dict[str, Report] = {
    "budget.lra": Report(
        "budget",
        ("account", "opd", "sub_activity"),
        {"realised": "budget.realised", "ceiling": "budget.ceiling"},
        ("realised",),
    ),
    "revenue.lra": Report("revenue", ("account", "opd"), {"received": "revenue.received"}, ("received",)),
    "revenue.deposits": Report(
        "revenue", ("deposit_number",), {"amount": "revenue.deposited"}, ("amount",), dated=True
    ),
}
