"""Loads of history announced and closed: checked against the profile, and written to ``nadi.access``."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date

from infra.access.issuing import KeyProblemError, ready
from infra.cli.texts import _
from producers.access import log
from producers.access.backfills import Announced, Backfills
from producers.access.entries import BACKFILL_ANNOUNCED, BACKFILL_CLOSED, Entry
from producers.access.log import AccessLogError
from schemas.catalogue import ACCESS_TOPIC
from schemas.profile import Profile
from schemas.profile.values import SOURCE_ID
from schemas.records import partitions
from schemas.settings import KafkaSettings


def loads_of(kafka: KafkaSettings, profile: Profile) -> Backfills:
    """The loads there are now. A broker that has no ``nadi.access`` yet has none."""
    ready(kafka)
    found = Backfills(profile)
    log.read(kafka, found.apply)
    return found


def announced(kafka: KafkaSettings, profile: Profile) -> Backfills | None:
    """The same for whoever only reads, and creates no topic; None where a past period is replayed, so that all of it is old.
    Raises TimeoutError while the broker gives no answer."""
    if kafka.layout().timestamps == "CreateTime":
        return None
    found = Backfills(profile)
    if partitions(kafka.bootstrap_servers, [kafka.layout().topic(ACCESS_TOPIC)]):
        try:
            log.read(kafka, found.apply)
        except AccessLogError as error:
            raise TimeoutError(str(error)) from error
    return found


def announce(
    kafka: KafkaSettings, profile: Profile, source: str, first: date, last: date, reason: str
) -> Announced:
    """Let a source send old events of some local days, both included. Raises KeyProblemError or AccessLogError."""
    if not SOURCE_ID.fullmatch(source) or not _of_a_department(profile, source):
        raise KeyProblemError(
            _("sumber {source} bukan milik OPD di profil; tulis misalnya /opd/2.18.01/perizinan").format(
                source=source
            )
        )
    if last < first:
        raise KeyProblemError(_("--to {last} sebelum --from {first}").format(first=first, last=last))
    same = next(
        (one for one in loads_of(kafka, profile).open(source) if (one.first, one.last) == (first, last)), None
    )
    if same is not None:
        raise KeyProblemError(_("masa itu sudah diumumkan sebagai {id}").format(id=same.id))
    made = Announced(secrets.token_hex(4), source, first, last, reason, 0, "")
    entry = Entry.now(BACKFILL_ANNOUNCED, made.id, **made.announced())
    log.write(kafka, entry)
    return replace(made, at=entry.at, who=entry.who)


def close(kafka: KafkaSettings, profile: Profile, load: str) -> Announced:
    """End a load: what comes after it is refused again. Raises KeyProblemError or AccessLogError."""
    known = loads_of(kafka, profile).loads.get(load)
    if known is None:
        raise KeyProblemError(
            _("tidak ada pengumuman {id}; lihat nadi opd backfill list --all").format(id=load)
        )
    if known.closed_at is not None:
        raise KeyProblemError(_("pengumuman {id} sudah ditutup").format(id=load))
    entry = Entry.now(BACKFILL_CLOSED, load)
    log.write(kafka, entry)
    return replace(known, closed_at=entry.at, closed_by=entry.who)


def _of_a_department(profile: Profile, source: str) -> bool:
    if source in profile.sources:
        return True
    parts = source.split("/")
    return len(parts) > 3 and parts[:2] == ["", "opd"] and parts[2] in profile.departments and bool(parts[3])
