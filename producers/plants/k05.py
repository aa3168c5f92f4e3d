"""K05: an age that nobody reaches, or at which nobody has a child.

What happened: an entry is made up, or the dead are kept alive on paper. Weak: a mother of sixty-three; medium: a death at a
hundred and thirty; strong: a mother of eight.
Source: Dukcapil, cleaning of anomalous data.
"""

from __future__ import annotations

from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.people import registered
from producers.simulator.world import Record


class Impossible(Wrong):
    """Enters an age that cannot be."""

    RULE, DOMAIN = "K05", "population"
    COST = 3

    def plant(self, papers: Papers) -> list[Record]:
        entry = registered(papers, "death" if self.strength == "medium" else "birth")
        if entry is None:
            return []
        if self.strength == "medium":
            entry["age_years"] = 130
        else:
            entry["mother_age_years"] = 63 if self.strength == "weak" else 8
        return [entry]


class Rare(Innocent):
    """The oldest of the regency dies; a girl of fourteen has a child, whose father is fifty-nine."""

    DOMAIN = "population"
    TIMES = 3

    def plant(self, papers: Papers) -> list[Record]:
        entry = registered(papers, "death" if self.strength == "medium" else "birth")
        if entry is None:
            return []
        entry |= (
            {"age_years": 114}
            if self.strength == "medium"
            else {"mother_age_years": 14, "father_age_years": 59}
        )
        return [entry]


PLANTS = (Impossible, Rare)
