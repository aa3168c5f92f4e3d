"""Numbers, money and times as a person of the government reads them. The browser never formats."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

LOCALE = "id_ID"
MISSING = "—"
#: "M" would be read as million by foreign guests and as miliar by our own, so the word is written out.
SCALES = ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"))
ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


def count(value: float) -> str:
    """1.234"""
    return str(format_decimal(value, locale=LOCALE))


def rupiah(value: int) -> str:
    """Rp3,42 miliar; below a million in full."""
    for scale, word in SCALES:
        if abs(value) >= scale:
            return f"Rp{format_decimal(value / scale, format='#,##0.00', locale=LOCALE)} {word}"
    return f"Rp{format_decimal(value, locale=LOCALE)}".replace("Rp-", "-Rp")


def rupiah_parts(value: int) -> tuple[str, str]:
    """("3,42", "miliar"): three figures and their word, for large type; no word below a million."""
    for scale, word in SCALES:
        if abs(value) >= scale:
            share = value / scale
            pattern = "#,##0" if abs(share) >= 99.95 else "#,##0.0" if abs(share) >= 9.995 else "#,##0.00"
            return str(format_decimal(share, format=pattern, locale=LOCALE)), word
    return count(value), ""


def rupiah_exact(value: int) -> str:
    """Rp1.234.567"""
    return f"Rp{format_decimal(value, locale=LOCALE)}".replace("Rp-", "-Rp")


def percent(part: float, whole: float) -> str:
    """83,4%, or a dash where there is nothing to compare with."""
    return MISSING if not whole else str(format_percent(part / whole, format="#,##0.0%", locale=LOCALE))


def decimal(value: float) -> str:
    """4,5"""
    return str(format_decimal(value, format="#,##0.#", locale=LOCALE))


def days(value: float) -> str:
    """4,5 hari kerja"""
    return f"{format_decimal(value, format='#,##0.#', locale=LOCALE)} hari kerja"


def signed(value: int) -> str:
    """+12 or −3"""
    return f"+{count(value)}" if value > 0 else f"−{count(-value)}" if value < 0 else "0"


def moment(at: datetime) -> str:
    """Senin, 23 November 2026 14.05.09 WIB"""
    return f"{format_date(at, 'EEEE, d MMMM y', locale=LOCALE)} {at:%H.%M.%S} {zone_name(at)}"


def clock(ms: int, zone: ZoneInfo) -> str:
    """14.05 WIB today, 23 Nov 14.05 WIB otherwise."""
    at = datetime.fromtimestamp(ms / 1000, zone)
    today = datetime.now(zone).date() == at.date()
    return f"{'' if today else format_date(at, 'd MMM ', locale=LOCALE)}{at:%H.%M} {zone_name(at)}"


def day(on: date) -> str:
    """23 November 2026"""
    return str(format_date(on, "d MMMM y", locale=LOCALE))


def zone_name(at: datetime) -> str:
    """WIB, WITA or WIT; the zone's own abbreviation elsewhere."""
    return ZONES.get(str(at.tzinfo), at.strftime("%Z"))


def ago(span: timedelta) -> str:
    """2 menit yang lalu"""
    seconds = max(0, int(span.total_seconds()))
    for size, word in ((86_400, "hari"), (3_600, "jam"), (60, "menit")):
        if seconds >= size:
            return f"{seconds // size} {word} yang lalu"
    return "baru saja" if seconds < 5 else f"{seconds} detik yang lalu"
