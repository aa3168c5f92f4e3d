"""Keys given, changed and taken back: checked against the profile, and written to ``nadi.access``."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.cli.texts import _
from producers.access import log
from producers.access.book import MOST_LIVE, Book, Key, new_key
from producers.access.caller import Quota
from producers.access.credentials import Made, make
from producers.access.entries import KEY_ENDS, KEY_ISSUED, KEY_REVOKED, Entry
from producers.access.keys import TYPE_PREFIX
from producers.access.log import AccessLogError
from schemas.catalogue import DOMAINS, HEARTBEATS
from schemas.profile import Profile
from schemas.profile.values import SOURCE_ID
from schemas.settings import KafkaSettings

DAY_MS = 86_400_000
DEFAULT_QUOTA = Quota(requests_per_second=20, events_per_day=200_000, bytes_per_day=500_000_000, batch=500)
DEFAULT_SYSTEM = "utama"
OPERATOR_SYSTEM = "operator"
ALL_TYPES = f"{TYPE_PREFIX}*"


class KeyProblemError(ValueError):
    """A key that cannot be given, changed or taken back; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a key is to be. ``types`` are names of domains or patterns of event types; empty ``sources`` and ``types`` are
    taken from the profile. ``days`` is how long it lives."""

    opd: str
    system: str = DEFAULT_SYSTEM
    sources: Sequence[str] = ()
    types: Sequence[str] = ()
    addresses: Sequence[str] = ()
    quota: Quota = DEFAULT_QUOTA
    days: int = 365
    sandbox: bool = False
    signed: bool = False


def ready(kafka: KafkaSettings) -> None:
    """Make ``nadi.access`` where it is missing, so that it can be read to its end."""
    from confluent_kafka.admin import AdminClient

    from schemas.catalogue import create_topics

    create_topics(AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 2}), kafka.layout())


def book_of(kafka: KafkaSettings) -> Book:
    """The keys there are now. A broker that has no ``nadi.access`` yet has none."""
    ready(kafka)
    book = Book()
    log.read(kafka, book.apply)
    return book


def add(kafka: KafkaSettings, profile: Profile, wish: Wish) -> tuple[Made, Key]:
    """Give a department a key. Raises KeyProblemError or AccessLogError, and then there is none."""
    _known(profile, wish.opd, wish.days)
    scope = {
        "system": wish.system,
        "sources": _sources(profile, wish),
        "types": _types(profile, wish),
        "quota": _quota(wish.quota),
        "addresses": tuple(_network(address) for address in wish.addresses),
        "sandbox": wish.sandbox,
        "signed": wish.signed,
    }
    now = _now()
    live = book_of(kafka).live(wish.opd, now, system=wish.system, sandbox=wish.sandbox)
    _room(live, wish.system)
    return _issue(kafka, wish.opd, now, expires_at=now + wish.days * DAY_MS, **scope)


def operator(
    kafka: KafkaSettings, profile: Profile, opd: str, days: int, addresses: Sequence[str]
) -> tuple[Made, Key]:
    """Give people of a department (Diskominfo) a key that sees what all departments sent and sends nothing.

    Raises KeyProblemError or AccessLogError, and then there is none.
    """
    _known(profile, opd, days)
    now = _now()
    _room(book_of(kafka).live(opd, now, system=OPERATOR_SYSTEM), OPERATOR_SYSTEM)
    scope = {
        "system": OPERATOR_SYSTEM,
        "sources": (),
        "types": (),
        "quota": DEFAULT_QUOTA,
        "addresses": tuple(_network(address) for address in addresses),
        "sandbox": False,
        "signed": False,
        "operator": True,
    }
    return _issue(kafka, opd, now, expires_at=now + days * DAY_MS, **scope)


def rotate(kafka: KafkaSettings, key_id: str, *, days: int, grace_days: int) -> tuple[Made, Key, Key]:
    """A key of the same scopes that takes the place of another, which ends after ``grace_days``.

    Returns the secret, the new key and the old one with its end. Raises KeyProblemError or AccessLogError.
    """
    if days < 1 or grace_days < 0:
        raise KeyProblemError(_("--days paling sedikit 1 dan --grace-days paling sedikit 0"))
    book, now = book_of(kafka), _now()
    old = find(book, key_id)
    if old.state(now) != "live":
        raise KeyProblemError(
            _("kunci {key} tidak berlaku lagi; buat yang baru dengan nadi opd add {opd}").format(
                key=old.key_id, opd=old.opd
            )
        )
    _room(book.live(old.opd, now, system=old.system, sandbox=old.sandbox), old.system)
    scope = {name: getattr(old, name) for name in ("system", "sources", "types", "quota", "addresses")}
    made, key = _issue(
        kafka,
        old.opd,
        now,
        **scope,
        sandbox=old.sandbox,
        signed=old.signed,
        operator=old.operator,
        expires_at=now + days * DAY_MS,
        replaces=old.key_id,
    )
    ends = min(old.expires_at, now + grace_days * DAY_MS)
    try:
        log.write(kafka, Entry.now(KEY_ENDS, old.key_id, expires_at=ends, replaced_by=key.key_id))
    except AccessLogError:  # the secret would be lost with the error: take the new key back
        log.write(kafka, Entry.now(KEY_REVOKED, key.key_id, reason="rotation failed"))
        raise
    return made, key, replace(old, expires_at=ends)


def revoke(kafka: KafkaSettings, key_id: str, reason: str) -> Key:
    """Take a key back, at once and for ever. Raises KeyProblemError or AccessLogError."""
    if not reason.strip():
        raise KeyProblemError(_("{option} harus diberikan").format(option="--reason"))
    key = find(book_of(kafka), key_id)
    if key.revoked_at is not None:
        raise KeyProblemError(_("kunci {key} sudah dicabut").format(key=key.key_id))
    entry = Entry.now(KEY_REVOKED, key.key_id, reason=reason)
    log.write(kafka, entry)
    return replace(key, revoked_at=entry.at, revoked_by=entry.who, reason=reason)


def find(book: Book, key_id: str) -> Key:
    """A key by its id, or by the whole key as a department holds it. Raises KeyProblemError."""
    key = book.keys.get(key_id.rpartition("_")[2].partition(".")[0])
    if key is None:
        raise KeyProblemError(_("tidak ada kunci dengan nomor itu; lihat nadi opd list --all"))
    return key


def _issue(kafka: KafkaSettings, opd: str, now: int, **scope: Any) -> tuple[Made, Key]:
    made = make(opd)
    key = new_key(made, opd, now, **scope)
    entry = replace(Entry.now(KEY_ISSUED, key.key_id, **key.issued()), at=now)
    log.write(kafka, entry)
    return made, replace(key, issued_by=entry.who)


def _known(profile: Profile, opd: str, days: int) -> None:
    if opd not in profile.departments:
        raise KeyProblemError(
            _("OPD {opd} tidak ada di profil; yang ada: {known}").format(
                opd=opd, known=", ".join(profile.departments)
            )
        )
    if days < 1:
        raise KeyProblemError(_("--days {days}: paling sedikit 1").format(days=days))


def _room(live: list[Key], system: str) -> None:
    if len(live) >= MOST_LIVE:
        raise KeyProblemError(
            _(
                "sistem {system} sudah mempunyai {count} kunci yang berlaku ({keys}); cabut salah satunya dengan nadi opd "
                "revoke, atau beri nama sistem lain dengan --system"
            ).format(system=system, count=len(live), keys=", ".join(key.key_id for key in live))
        )


def _sources(profile: Profile, wish: Wish) -> tuple[str, ...]:
    """The prefixes wished for, or the department's own; none may reach into another department's sources."""
    wished = tuple(wish.sources) or (f"/opd/{wish.opd}/",)
    for prefix in wished:
        if not SOURCE_ID.fullmatch(prefix):
            raise KeyProblemError(
                _("--source {source}: pakai huruf, angka, dan / : . _ - saja").format(source=prefix)
            )
        path = prefix.rstrip("/") + "/"
        foreign = next(
            (s for s in profile.sources.values() if s.opd != wish.opd and (s.id + "/").startswith(path)), None
        )
        if foreign is not None:
            raise KeyProblemError(
                _("--source {source} mencakup sumber {foreign} milik OPD {opd}").format(
                    source=prefix, foreign=foreign.id, opd=foreign.opd
                )
            )
    return wished


def _types(profile: Profile, wish: Wish) -> tuple[str, ...]:
    """The patterns wished for, or those of the domains that the profile has sources of the department for."""
    heartbeats = f"{TYPE_PREFIX}{HEARTBEATS.name}.*"
    if not wish.types and wish.sandbox:
        return (ALL_TYPES,)
    wished = list(wish.types) or sorted({s.domain for s in profile.sources.values() if s.opd == wish.opd})
    if not wished:
        raise KeyProblemError(
            _(
                "profil tidak mencatat sumber OPD {opd}; sebut jenis kejadiannya dengan --type: {known}"
            ).format(opd=wish.opd, known=", ".join(DOMAINS))
        )
    found = []
    for name in wished:
        if name in DOMAINS:
            found.append(f"{TYPE_PREFIX}{DOMAINS[name].name}.*")
        elif name.startswith(TYPE_PREFIX):
            found.append(name)
        else:
            raise KeyProblemError(
                _("--type {type}: sebut ranah ({known}) atau pola yang diawali {prefix}").format(
                    type=name, known=", ".join(DOMAINS), prefix=TYPE_PREFIX
                )
            )
    return tuple(dict.fromkeys((*found, heartbeats)))


def _network(address: str) -> str:
    try:
        return str(ipaddress.ip_network(address, strict=False))
    except ValueError as error:
        raise KeyProblemError(
            _("--address {address}: tulis alamat IP atau jaringan, misalnya 10.1.2.0/24").format(
                address=address
            )
        ) from error


def _quota(quota: Quota) -> Quota:
    for name in Quota.__dataclass_fields__:
        if getattr(quota, name) <= 0:
            raise KeyProblemError(
                _("{option} harus lebih dari nol").format(option="--" + name.replace("_", "-"))
            )
    return quota


def _now() -> int:
    return time.time_ns() // 1_000_000
