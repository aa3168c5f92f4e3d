"""The stack that runs on a data folder, as other commands find it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from infra.embedded import processes
from infra.settings import Settings, SettingsError
from schemas.profile import Profile

RESTART_SECONDS = 90.0

PLACES = (
    "kafka.",
    "clickhouse.",
    "ports.",
    "wallboard.",
    "inspectorate.",
    "gateway.",
    "streams.",
)


def record_of(settings: Settings) -> dict[str, Any] | None:
    """The record of the stack that runs on ``settings.data_dir``; None when none runs."""
    path = settings.data_dir.absolute() / "run" / "stack.json"
    if not any(record.process() for record in processes.records_from(path)):
        return None
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def connected(settings: Settings) -> Settings:
    """The settings with the addresses of the running stack, or with the given servers' where two are given.

    Raises SettingsError when no stack runs on the data folder and no servers are given.
    """
    record = record_of(settings)
    if record is not None:
        values = {k: v for k, v in record["values"].items() if k.startswith(PLACES)}
        return settings.with_values({**values, "profile": record["profile"]})
    if settings.kafka.bootstrap_servers and settings.clickhouse.url:
        return settings
    raise SettingsError(
        f"no stack runs on {settings.data_dir.absolute()}; start it with `nadi up`, name its folder with --data-dir, "
        "or set kafka.bootstrap_servers and clickhouse.url"
    )


def with_broker(settings: Settings) -> Settings:
    """The settings with a broker's address: the given one, or the running stack's. Raises SettingsError where there is none."""
    return settings if settings.kafka.bootstrap_servers else connected(settings)


def await_profile(settings: Settings, source: Path, profile: Profile) -> bool | None:
    """Whether what runs has taken the profile over and is healthy; None where nothing runs."""
    named = str(source.resolve())
    deadline = time.monotonic() + RESTART_SECONDS
    record = record_of(settings)
    while record is not None and time.monotonic() < deadline:
        if record.get("profile_source") != named:
            return False
        if runs_with(record, profile) and all(part["healthy"] for part in record["parts"].values()):
            return True
        time.sleep(0.2)
        record = record_of(settings)
    return None if record is None else False


def runs_with(record: dict[str, Any] | None, profile: Profile) -> bool:
    """Whether a stack of this record runs with a profile."""
    return record is not None and bool(record["profile"] == str(profile.path))
