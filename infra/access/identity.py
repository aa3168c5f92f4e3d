"""Identities revealed by two persons, and forgotten; every step stands on ``nadi.access`` before it is done."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from infra.cli.texts import _
from infra.settings import Settings
from producers.access import log
from producers.access.entries import (
    IDENTITY_FORGOTTEN,
    REVEAL_APPROVED,
    REVEAL_OPENED,
    REVEAL_REQUESTED,
    Entry,
    user,
)
from producers.access.reveals import Request, Reveals, Roles
from producers.numbers import NAMES, found_in
from producers.vault import Vault
from schemas.profile import Profile
from schemas.settings import KafkaSettings

TOKEN = re.compile(r"[a-z2-7]{26}")
KINDS = (REVEAL_REQUESTED, REVEAL_APPROVED, REVEAL_OPENED, IDENTITY_FORGOTTEN)


class IdentityError(ValueError):
    """A step that may not be taken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """What came of asking: ``number`` once it was approved, None while ``request`` waits."""

    request: Request
    number: str | None


def roles_of(profile: Profile) -> Roles:
    """Roles by the profile's table, by the day in the regency."""

    def role(who: str, at: int) -> str | None:
        day = datetime.fromtimestamp(at / 1000, UTC).astimezone(profile.timezone).date()
        return profile.identity_role(who, day)

    return role


def vault_of(settings: Settings) -> Vault:
    """The vault. Raises IdentityError where none is kept, VaultError where it cannot be opened."""
    if not settings.identity.vault:
        raise IdentityError(
            _(
                "kabupaten ini tidak menyimpan nomor di balik token; mengaktifkannya: identity.vault = true di nadi.toml"
            )
        )
    data_dir = settings.data_dir
    return Vault.open(settings.identity.vault_path(data_dir), settings.identity.vault_key(data_dir))


def reveal(settings: Settings, profile: Profile, token: str, reason: str, case: str) -> Revealed:
    """Ask for what a token stands for, or see it once another person has approved. Raises IdentityError, VaultError or
    AccessLogError."""
    _token(token)
    vault = vault_of(settings)
    try:
        reveals, who, now = _reveals(settings.kafka, profile), user(), _now()
        _role(profile, who, now)
        mine = [r for r in reveals.requests.values() if r.token == token and r.who == who]
        for request in mine:
            if reveals.may_open(request, who, now):
                number = vault.number(token)
                if number is None:
                    raise IdentityError(_("nomor di balik token ini tidak tersimpan atau sudah dihapus"))
                log.write(settings.kafka, Entry.now(REVEAL_OPENED, request.id))
                return Revealed(request, number)
        waiting = next((r for r in mine if r.state(now) == "waiting"), None)
        if waiting is not None:
            return Revealed(waiting, None)
        _reasons(reason, case)
        if vault.number(token) is None:
            raise IdentityError(_("nomor di balik token ini tidak tersimpan atau sudah dihapus"))
    finally:
        vault.close()
    entry = Entry.now(REVEAL_REQUESTED, secrets.token_hex(4), token=token, reason=reason, case=case)
    log.write(settings.kafka, entry)
    return Revealed(Request(entry.subject, token, reason, case, entry.at, entry.who), None)


def approve(settings: Settings, profile: Profile, request_id: str) -> Request:
    """Approve another person's request. Raises IdentityError or AccessLogError."""
    reveals, who, now = _reveals(settings.kafka, profile), user(), _now()
    request = reveals.requests.get(request_id)
    if request is None:
        raise IdentityError(_("tidak ada permintaan dengan nomor itu; lihat nadi identity log"))
    hindrance = reveals.hindrance(request, who, now)
    if hindrance is not None:
        raise IdentityError(
            {
                "state": _("permintaan itu tidak lagi menunggu persetujuan; ajukan yang baru"),
                "same": _("pemohon tidak dapat menyetujui permintaannya sendiri; mintalah orang kedua"),
                "role": _("pemohon atau Anda tidak tercantum pada identity_roles.csv hari ini"),
                "inspectorate": _("salah seorang dari keduanya harus dari inspektorat"),
            }[hindrance]
        )
    log.write(settings.kafka, Entry.now(REVEAL_APPROVED, request.id))
    return request


def forget(settings: Settings, profile: Profile, token: str, reason: str, case: str) -> bool:
    """Erase what a token stands for; whether anything was kept. Raises IdentityError, VaultError or AccessLogError."""
    _token(token)
    _reasons(reason, case)
    _role(profile, user(), _now())
    vault = vault_of(settings)
    try:
        log.write(settings.kafka, Entry.now(IDENTITY_FORGOTTEN, token, token=token, reason=reason, case=case))
        return vault.forget(token)
    finally:
        vault.close()


def history(kafka: KafkaSettings) -> list[Entry]:
    """Every step that was taken, the oldest first."""
    found: list[Entry] = []
    log.read(kafka, lambda entry: found.append(entry) if entry.kind in KINDS else None)
    return found


def step_names() -> Mapping[str, str]:
    """Kinds of steps for people."""
    return MappingProxyType(
        {
            REVEAL_REQUESTED: _("meminta"),
            REVEAL_APPROVED: _("menyetujui"),
            REVEAL_OPENED: _("membuka"),
            IDENTITY_FORGOTTEN: _("menghapus"),
        }
    )


def as_json(entry: Entry) -> dict[str, Any]:
    """A step; it never holds a number."""
    return {"subject": entry.subject, **entry.as_json()}


def _reveals(kafka: KafkaSettings, profile: Profile) -> Reveals:
    reveals = Reveals(roles_of(profile))
    log.read(kafka, reveals.apply)
    return reveals


def _role(profile: Profile, who: str, now: int) -> None:
    if roles_of(profile)(who, now) is None:
        raise IdentityError(
            _(
                "pengguna {who} tidak tercantum pada identity_roles.csv hari ini; mintalah bupati menetapkannya"
            ).format(who=who)
        )


def _reasons(reason: str, case: str) -> None:
    for option, text in (("--reason", reason), ("--case", case)):
        if not text.strip():
            raise IdentityError(_("{option} harus diberikan").format(option=option))
        kind = found_in(text)
        if kind is not None:
            raise IdentityError(
                _(
                    "{option} memuat {what}; catatan ini disimpan bertahun-tahun, tulis tanpa nomor orang"
                ).format(option=option, what=NAMES[kind])
            )


def _token(token: str) -> None:
    if not TOKEN.fullmatch(token):
        raise IdentityError(_("itu bukan token: 26 huruf kecil atau angka 2-7"))


def _now() -> int:
    return time.time_ns() // 1_000_000
