"""The protected numbers of persons: NIK, KK, NIP, NPWP, phone and bank account, checked and found in texts.

Sources: UU 24/2013 and Permendagri 73/2022 (NIK, KK), Peraturan Kepala BKN 22/2007 (NIP), PMK 112/2022 (NPWP); checks by
python-stdnum where it has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from stdnum import luhn, numdb
from stdnum.exceptions import ValidationError
from stdnum.id import nik as stdnum_nik

SEPARATORS = str.maketrans("", "", " .-")
FEMALE_DAYS = 40
#: Provinces made in 2022 (UU 14, 15, 16 and 29/2022), which python-stdnum 2.2 does not have.
NEW_PROVINCES = frozenset({"93", "94", "95", "96", "97"})


@lru_cache(10_000)
def region_known(code: str) -> bool:
    """Whether a regency code (four digits, as a NIK begins) is in the list of those that are or were."""
    found = numdb.get("id/loc").info(code)
    return code[:2] in NEW_PROVINCES or (len(found) == 2 and all(facts for _, facts in found))


@lru_cache(10_000)
def province_known(code: str) -> bool:
    """Whether a regency code is of a province there is; regencies younger than the list are in one too."""
    return code[:2] in NEW_PROVINCES or bool(numdb.get("id/loc").info(code)[0][1])


@lru_cache(80_000)
def date_possible(six: str) -> bool:
    """Whether the six digits of a birth date in a NIK (women plus 40 on the day) are a day."""
    if not ("01" <= six[:2] <= "31" or "41" <= six[:2] <= "71"):
        return False
    try:
        stdnum_nik.get_birth_date("000000" + six + "0001")
    except ValidationError:
        return False
    return True


def is_nik(digits: str) -> bool:
    """Sixteen digits with a province there is, a possible date, and a serial that is not 0000."""
    return (
        len(digits) == 16
        and digits[12:] != "0000"
        and date_possible(digits[6:12])
        and province_known(digits[:4])
    )


def is_kk(digits: str) -> bool:
    """Sixteen digits like a NIK, where the date is the day of issue."""
    return is_nik(digits) and digits[6:8] <= "31"


def is_nip(digits: str) -> bool:
    """Eighteen digits: birth date, month of appointment, sex (1 or 2), serial."""
    return (
        len(digits) == 18
        and digits[:2] in ("19", "20")
        and _day(digits[:8])
        and digits[8:10] in ("19", "20")
        and "01" <= digits[12:14] <= "12"
        and digits[14] in "12"
    )


def is_npwp(digits: str) -> bool:
    """Fifteen digits with their check digit, sixteen that begin with 0, or a NIK."""
    if len(digits) == 16:
        return luhn.is_valid(digits[:10]) if digits[0] == "0" else is_nik(digits)
    return len(digits) == 15 and luhn.is_valid(digits[:9])


def is_phone(digits: str) -> bool:
    """An Indonesian mobile number, with 0 or 62 before it."""
    return re.fullmatch(r"(?:0|62)8[1-9]\d{7,10}", digits) is not None


def is_account(digits: str) -> bool:
    """A bank account: eight to sixteen digits. Banks publish no common check."""
    return 8 <= len(digits) <= 16


CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "nik": is_nik,
        "kk": is_kk,
        "nip": is_nip,
        "npwp": is_npwp,
        "nib": lambda digits: len(digits) == 13,
        "account": is_account,
        "sixteen": lambda digits: len(digits) == 16,
    }
)
#: What a number must be, for the sentence of an error.
FORMS: Mapping[str, str] = MappingProxyType(
    {
        "nik": "NIK (16 angka dengan kode wilayah dan tanggal lahir yang benar)",
        "kk": "nomor KK (16 angka dengan kode wilayah dan tanggal terbit yang benar)",
        "nip": "NIP (18 angka)",
        "npwp": "NPWP (15 atau 16 angka dengan angka pemeriksa yang benar)",
        "nib": "NIB (13 angka)",
        "account": "nomor rekening bank (8 sampai 16 angka)",
        "sixteen": "NIK (16 angka)",
    }
)
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "nip": "NIP",
        "nik": "NIK, nomor KK, atau NPWP",
        "npwp": "NPWP",
        "phone": "nomor telepon",
        "account": "nomor rekening",
    }
)

_DIGITS = r"(?<!\d)(?:\d[ .\-]?){%d}\d(?!\d)"
#: The shortest text that can hold a number.
SHORTEST = 8
#: Shapes in prose, the longest first; the name of the group says what it seems to be.
SHAPES = "|".join(
    (
        rf"(?P<nip>{_DIGITS % 17})",
        rf"(?P<nik>{_DIGITS % 15})",
        r"(?P<npwp>(?<!\d)\d{2}\.\d{3}\.\d{3}\.\d[\-.]\d{3}\.\d{3}(?!\d)|(?<!\d)\d{15}(?!\d))",
        r"(?P<phone>(?<![\d.])(?:\+62|62|0)[ \-.]?8[1-9](?:[ \-.]?\d){7,10}(?!\d))",
        r"(?i:(?P<account>(?:norek|rekening|rek\b)[^\d\n]{0,24}\d(?:[ .\-]?\d){7,15}(?!\d)))",
    )
)
_SHAPE = re.compile(SHAPES)
_ENOUGH = re.compile(r"\d{8}")
#: Of versions 1 to 8 and RFC 9562's variant.
_UUID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)


def plain(value: str) -> str:
    """A number without its separators."""
    return value.translate(SEPARATORS)


def found_in(text: str) -> str | None:
    """What protected number a text for people seems to hold, by its shape: a key of ``NAMES``, None for none."""
    if len(text) < SHORTEST or not _ENOUGH.search(text.translate(SEPARATORS)):
        return None
    match = _SHAPE.search(text)
    return match.lastgroup if match else None


@lru_cache(20_000)
def found_in_code(code: str) -> str | None:
    """The same for a code or number of a paper, where many digits are usual: what passes its check too. A UUID is none: one
    in some thousands has twelve digits that look like a phone number."""
    if len(code) < SHORTEST or not _ENOUGH.search(code.translate(SEPARATORS)) or _UUID.fullmatch(code):
        return None
    for match in _SHAPE.finditer(code):
        kind, shown = match.lastgroup or "", match[0]
        if kind in ("phone", "account") or (kind == "npwp" and "." in shown):
            return kind
        digits = plain(shown)
        if (kind == "nik" and is_nik(digits) and region_known(digits[:4])) or (
            kind == "nip" and is_nip(digits)
        ):
            return kind
    return None


def _day(eight: str) -> bool:
    try:
        date(int(eight[:4]), int(eight[4:6]), int(eight[6:8]))
    except ValueError:
        return False
    return True
