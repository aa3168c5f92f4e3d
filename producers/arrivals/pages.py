"""The pages as HTML: shells that a small script fills, and the catalogue of interfaces, which is whole as it is served."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from producers.access.book import Key
from producers.arrivals.asyncapi import CONSUMERS, TITLES, WRITERS, publishers
from producers.gateway import pages as gateway_pages
from schemas.catalogue import SANDBOX, TOPICS
from schemas.profile import Profile

FOLDER = Path(__file__).with_name("templates")


def department() -> str:
    """``/opd``."""
    return _templates().get_template("opd.html.j2").render(sandbox=SANDBOX)


def compliance() -> str:
    """``/kepatuhan``."""
    return _templates().get_template("kepatuhan.html.j2").render()


def catalogue(profile: Profile, keys: Iterable[Key]) -> str:
    """``/docs/katalog``: services, publishers and consumers, for the evidence of a service bus (SPBE)."""
    live = list(keys)
    services = [
        {
            "name": topic.name,
            "title": TITLES[topic.name],
            "publishers": [] if topic.name in WRITERS else publishers(topic, profile, live),
            "writer": WRITERS.get(topic.name, ""),
            "consumers": CONSUMERS[topic.name],
            "years": profile.retention_years if topic.days is None else 0,
            "days": topic.days,
        }
        for topic in TOPICS.values()
    ]
    return _templates().get_template("katalog.html.j2").render(services=services, regency=profile.name)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader([FOLDER, gateway_pages.FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
