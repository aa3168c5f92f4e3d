"""Births, deaths and moves: reported by the village, then registered by Dukcapil a few working days later."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from producers.simulator.seasons import arrivals, in_day
from producers.simulator.world import Choice, Group, Record, World

BIRTHS, DEATHS, ARRIVALS, DEPARTURES, INTERNAL = 0.0162, 0.0068, 0.0135, 0.0118, 0.011
OFFICE_DAYS = (1.2, 1.1, 1.0, 1.0, 0.8, 0.12, 0.05)
SCHOOL = (1.0, 0.9, 0.9, 0.9, 1.0, 1.5, 1.6, 1.1, 0.9, 0.9, 0.9, 0.8)
KINDS = Choice.of(
    {"birth": BIRTHS, "death": DEATHS, "arrival": ARRIVALS, "departure": DEPARTURES, "internal": INTERNAL}
)
UNREPORTED = {"birth": 0.45, "death": 0.25, "arrival": 0.7, "departure": 0.7, "internal": 0.7}


class Population:
    """The stream of population changes; one Group per change."""

    domain = "population"

    def __init__(self, world: World) -> None:
        self.world = world
        self.opd = world.source_opd(self.domain)
        self.source = world.source(self.domain, self.opd)
        self.cards = max(100, world.population // 3)
        self.homes: dict[int, str] = {}
        self.district = {v.code: v.district for v in world.villages}

    def groups(self, year: int) -> Iterator[Group]:
        rng = self.world.rng(self.domain, year)
        per_day = self.world.population * (BIRTHS + DEATHS + ARRIVALS + DEPARTURES + INTERNAL) / 365 / 0.9
        for number, day in enumerate(arrivals(self.world, rng, year, per_day, SCHOOL, OFFICE_DAYS)):
            start = in_day(rng, self.world.day_start(day))
            yield Group(self.domain, start, self.change(rng, f"{year}/{number}", start))

    def village_of(self, card: int) -> str:
        """Where a family lives; fixed by its number."""
        known = self.homes.get(card)
        if known is None:
            known = self.homes[card] = self.world.village_choice.draw(self.world.rng("home", card))
        return known

    def change(self, rng: random.Random, name: str, start: int) -> list[Record]:
        """One change: a report of the village where there is one, and the registration."""
        what = KINDS.draw(rng)
        card = rng.randrange(self.cards) if what in ("birth", "death", "departure") else None
        fields = self._fields(rng, what, name, card)
        events: list[Record] = []
        at = start
        if rng.random() > UNREPORTED[what]:
            report = self._event(rng, start, fields, "reported")
            events.append(report)
            if rng.random() < 0.07:  # never registered
                return events
            at = self.world.clock.add(start, 0.2 + rng.expovariate(0.3))
            events.append(self._event(rng, at, {**fields, "report_id": report["event_id"]}, "registered"))
        else:
            events.append(self._event(rng, at, fields, "registered"))
        if rng.random() < 0.012:
            at = self.world.clock.add(at, 1 + rng.expovariate(0.1))
            fields_of_correction: dict[str, Any] = {
                "kind": "correction",
                "family_card_token": fields["family_card_token"],
                "person_token": fields["person_token"],
                "village": fields.get("village")
                or fields.get("destination_village")
                or fields.get("origin_village"),
                "changed_fields": [rng.choice(("name_spelling", "birth_place", "occupation", "education"))],
            }
            events.append(self._event(rng, at, fields_of_correction, "registered"))
        return events

    def _event(self, rng: random.Random, at: int, fields: dict[str, Any], status: str) -> Record:
        record = self.world.envelope(rng, self.source, self.opd, at, fields["kind"])
        record.update(fields)
        record["status"] = status
        record["operator_token"] = self.world.token("person", f"operator/{status}/{rng.randrange(14)}")
        return record

    def _fields(self, rng: random.Random, what: str, name: str, card: int | None) -> dict[str, Any]:
        world = self.world
        card_token = world.token("family_card", f"new/{name}" if card is None else card)
        sex = "L" if rng.random() < 0.512 else "P"
        fields: dict[str, Any] = {
            "family_card_token": card_token,
            "person_token": world.token("person", f"{what}/{name}"),
            "sex": sex,
            "nik_well_formed": True,
            "nik_region": world.profile.code.replace(".", "") + f"{rng.randrange(1, 9):02d}",
            "nik_region_known": True,
            "nik_date_matches": True,
            "nik_sex_matches": True,
        }
        if what == "birth":
            mother = round(rng.gauss(28, 5.5))
            fields |= {
                "kind": "birth",
                "village": self.village_of(card or 0),
                "age_years": 0,
                "mother_token": world.token("person", f"mother/{name}"),
                "mother_age_years": min(max(mother, 17), 45),
                "father_age_years": min(max(mother + round(rng.gauss(3, 3)), 19), 60),
                "identity_token": world.token("person", f"identity/{name}"),
            }
        elif what == "death":
            age = rng.randrange(0, 3) if rng.random() < 0.06 else min(max(round(rng.gauss(66, 15)), 3), 101)
            fields |= {"kind": "death", "village": self.village_of(card or 0), "age_years": age}
        else:
            persons = Choice.of({1: 5, 2: 2, 3: 2, 4: 1.5, 5: 0.5}).draw(rng)
            fields |= {
                "kind": "move",
                "persons": persons,
                "age_years": min(max(round(rng.gauss(31, 12)), 0), 80),
                "address_token": world.token("address", f"move/{name}"),
            }
            fields |= self._places(rng, what, card)
            if persons == 1 and fields["age_years"] < 18:
                fields["children_only"] = True
        return fields

    def _places(self, rng: random.Random, what: str, card: int | None) -> dict[str, Any]:
        """Origin, destination and class; a village outside is written with another regency's code."""
        outside_class = "within_province" if rng.random() < 0.6 else "between_provinces"
        inside_province = self.world.profile.code.split(".")[0]
        elsewhere = f"{inside_province if outside_class == 'within_province' else '98'}.{rng.randrange(71, 79)}.01.1001"
        if what == "arrival":
            return {
                "origin_village": elsewhere,
                "destination_village": self.world.village_choice.draw(rng),
                "move_class": outside_class,
            }
        if what == "departure":
            return {
                "origin_village": self.village_of(card or 0),
                "destination_village": elsewhere,
                "move_class": outside_class,
            }
        origin, target = self.world.village_choice.draw(rng), self.world.village_choice.draw(rng)
        same_district = self.district.get(origin) == self.district.get(target)
        place = (
            "within_village" if origin == target else "within_district" if same_district else "within_regency"
        )
        previous = self.world.token("family_card", rng.randrange(self.cards))
        return {
            "origin_village": origin,
            "destination_village": target,
            "move_class": place,
            "previous_family_card_token": previous,
        }
