"""The profile that planted years are judged by: the given one, and who may decide in the simulated regency.

Nothing else is added: officers of a simulated regency are tokens made from the seed, so no profile can name them.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from producers.plants import Ground, moved_approvers
from schemas.profile import Profile
from schemas.spreadsheets import write_csv

FILE = "authorities.csv"
HEADER = ("officer_token", "permit_type", "valid_from", "valid_to", "delegation_id", "legal_basis")
BASIS = "Pejabat tiruan (DATA SIMULASI)"
SINCE = date(2019, 1, 1)


def with_mandates(profile: Profile, ground: Ground, folder: Path) -> Profile:
    """A copy of a profile in a new folder, with the mandates of the regency's approvers in place of its own.

    Who was moved before the first year had the authority until then. Raises ProfileError where the copy is not sound.
    """
    shutil.copytree(profile.path, folder)
    mandates = [(mandate, "") for mandate in ground.permits.mandates()]
    mandates += [(mandate, ground.before.isoformat()) for mandate in moved_approvers(ground)]
    rows = [(m.officer_token, m.permit_type, SINCE, until, m.delegation_id, BASIS) for m, until in mandates]
    with (folder / FILE).open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, HEADER, rows)
    return Profile.load(folder)
