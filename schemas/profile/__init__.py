"""The regency profile: one folder of dated TOML and CSV that describes a deployment.

``Profile.load(path)`` reads it strictly, ``check(path)`` says what is wrong with file, line and cure.
"""

from schemas.profile.load import check
from schemas.profile.model import Profile
from schemas.profile.problems import Problem, ProfileError
from schemas.profile.rows import (
    CASH_OFFICE_KINDS,
    DOMAINS,
    PERMIT_KINDS,
    VILLAGE_KINDS,
    Authority,
    CashOffice,
    Deemed,
    Department,
    Election,
    Incompatible,
    PermitType,
    RevenueTarget,
    ServiceStandard,
    Source,
    Step,
    SubActivity,
    Tariff,
    Threshold,
    Unit,
    Village,
)

__all__ = [
    "CASH_OFFICE_KINDS",
    "DOMAINS",
    "PERMIT_KINDS",
    "VILLAGE_KINDS",
    "Authority",
    "CashOffice",
    "Deemed",
    "Department",
    "Election",
    "Incompatible",
    "PermitType",
    "Problem",
    "Profile",
    "ProfileError",
    "RevenueTarget",
    "ServiceStandard",
    "Source",
    "Step",
    "SubActivity",
    "Tariff",
    "Threshold",
    "Unit",
    "Village",
    "check",
]
