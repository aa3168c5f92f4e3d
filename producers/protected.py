"""Which fields of the contract stand for persons, what they are made from, and by what plain name they may come.

One table for the gateway and for files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from producers.mapping import event_fields

SUFFIX = "_token"
TEXT = "text"
_OFFICER = ("nip", "nik")
_PARTY = ("nik", "npwp", "nib")

#: Token field to the numbers it is made from. ``text`` is no number of a person and is taken as it is.
NUMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "officer_token": _OFFICER,
        "delegated_by_token": _OFFICER,
        "cashier_token": _OFFICER,
        "operator_token": _OFFICER,
        "traveller_token": _OFFICER,
        "applicant_token": _PARTY,
        "agent_token": _PARTY,
        "payer_token": _PARTY,
        "payee_token": _PARTY,
        "person_token": (
            "sixteen",
        ),  # a wrong NIK in the civil registry is a finding (K04), kept as derived facts
        "mother_token": ("nik",),
        "family_card_token": ("kk",),
        "previous_family_card_token": ("kk",),
        "payee_account_token": ("account",),
        "address_token": (TEXT,),
        "object_token": (TEXT,),
        "identity_token": (TEXT,),
    }
)
#: Fields whose senders may have a code of their own instead of a number, such as a user name.
CODES_ALLOWED = frozenset(
    name for name, kinds in NUMBERS.items() if kinds in (_OFFICER, _PARTY) or kinds == (TEXT,)
)
#: Plain names besides the field's own without ``_token``.
OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {"nik": "person_token", "no_kk": "family_card_token", "kk": "family_card_token"}
)

#: Texts for people, where any protected number is refused.
PROSE = frozenset({"correction_reason", "void_reason", "indicator", "contact", "officer_role", "reason_code"})
#: Numbers of papers, where sixteen or eighteen digits in a row are refused.
PAPERS = frozenset({"case_id", "document_number", "invoice_number"})


@cache
def token_fields(domain: str) -> Mapping[str, str]:
    """Every name under which a number may come, the contract's and the plain ones, to the token field of the domain."""
    fields = event_fields(domain)
    found = {name: name for name in fields if name.endswith(SUFFIX)}
    plain = {name.removesuffix(SUFFIX): name for name in found}
    other = {name: field for name, field in OTHER_NAMES.items() if field in found}
    return MappingProxyType({**{k: v for k, v in {**other, **plain}.items() if k not in fields}, **found})
