"""Whose folder a file lies in, how that sender's files are read, and which rows are not its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from producers.drop.folder import Dropped
from producers.files import Columns, FileError, Row, RowProblem
from producers.mapping import MappingError, load_mapping
from producers.tokens import Tokens
from schemas.catalogue import DOMAINS
from schemas.profile import Profile


def columns_of(dropped: Dropped, mappings: Path, profile: Profile, tokens: Tokens, sha256: str) -> Columns:
    """How the file is read: through the administrator's mapping where there is one, with the sender's department, and its
    source where the profile leaves no choice. Raises FileError where the folder is nobody's, MappingError."""
    opd, domain = dropped.opd, dropped.domain
    if opd not in profile.departments or domain not in DOMAINS:
        raise FileError(
            f"berkas {dropped.name}: folder {dropped.place} tidak dikenal; letakkan di kirim/OPD/RANAH, misalnya "
            f"kirim/{next(iter(profile.departments), 'OPD')}/permits. Ranah: {', '.join(DOMAINS)}"
        )
    sources = [s.id for s in profile.sources.values() if (s.opd, s.domain) == (opd, domain)]
    source = sources[0] if len(sources) == 1 else "" if sources else f"/opd/{opd}/{domain}"
    path = mappings / opd / f"{domain}.toml"
    mapping = load_mapping(path) if path.is_file() else None
    if mapping and (mapping.domain, mapping.opd) != (domain, opd):
        raise MappingError(f"{path}: untuk {mapping.opd}/{mapping.domain}, seharusnya {opd}/{domain}")
    columns = Columns(domain, profile.timezone, tokens, "id", mapping, source, opd)
    columns.file_id = f"{opd}|{domain}|{sha256}"
    return columns


def foreign(dropped: Dropped, columns: Columns, row: Row, event: dict[str, Any]) -> Iterator[RowProblem]:
    """What in a row's event is not the sender's to say."""
    opd = dropped.opd
    wrong = {
        "opd": (event["opd"] != opd, f"bukan {opd}, pemilik folder ini"),
        "source": (not event["source"].startswith(f"/opd/{opd}/"), f"harus diawali /opd/{opd}/"),
        "simulated": (bool(event.get("simulated")), "data simulasi tidak diterbitkan lewat folder kiriman"),
    }
    for name, (is_wrong, advice) in wrong.items():
        if is_wrong:
            yield RowProblem(
                dropped.name, row.number, columns.column_of(name) or name, str(event[name]), advice
            )
