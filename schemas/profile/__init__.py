"""The regency profile: one folder of dated TOML and CSV that describes a deployment.

``Profile.load(path)`` reads it strictly, ``check(path)`` says what is wrong with file, line and cure.
"""

from schemas.profile.load import check
from schemas.profile.model import (
    CASH_OFFICE_KINDS,
    DOMAINS,
    VILLAGE_KINDS,
    CashOffice,
    Department,
    Election,
    PermitType,
    Profile,
    RevenueTarget,
    ServiceStandard,
    Source,
    Step,
    SubActivity,
    Threshold,
    Unit,
    Village,
)
from schemas.profile.problems import Problem, ProfileError

__all__ = [
    "CASH_OFFICE_KINDS",
    "DOMAINS",
    "VILLAGE_KINDS",
    "CashOffice",
    "Department",
    "Election",
    "PermitType",
    "Problem",
    "Profile",
    "ProfileError",
    "RevenueTarget",
    "ServiceStandard",
    "Source",
    "Step",
    "SubActivity",
    "Threshold",
    "Unit",
    "Village",
    "check",
]
