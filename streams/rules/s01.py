"""S01: a source is silent for longer than it may be. One alert for each silence, ended when it is heard again.

It is judged by the regency task from every record and heartbeat of the source; see ``streams/domains/silences.py``.
"""

from __future__ import annotations

from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, whole


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi sumber diam: {told.subject} tidak terdengar sejak {told.moment(told.detail)}, lebih lama dari "
        f"{whole(told.threshold)} menit yang wajar baginya; perlu klarifikasi. Aturan yang membaca ketiadaan data ditangguhkan."
    )


RULE = Rule(
    id="S01",
    version="1",
    title="Sumber data diam",
    domain="sources",
    kind="hard",
    task="regency",
    area="Tata Kelola Data",
    legal_basis=(
        LegalBasis("Perpres 95/2018 tentang SPBE"),
        LegalBasis("Perpres 39/2019 tentang Satu Data Indonesia"),
    ),
    method=(
        "Jam terakhir sumber terdengar (kejadian atau denyut) ditambah waktu diam yang dinyatakan dalam profil, dalam jam kerja "
        "bila sumbernya sistem kantor. Satu peringatan untuk setiap masa diam; berakhir sendiri bila sumber terdengar lagi dan "
        "datanya sudah mutakhir."
    ),
    why="Selama sumber diam, angka dan aturan yang bergantung padanya tidak dapat dipercaya; gangguan bukan kecurangan.",
    innocent=(
        "Pemeliharaan sistem",
        "Gangguan jaringan",
        "Sistem pusat berhenti (SIPD, SIAK, November 2025: empat hari)",
    ),
    unit_of_measure="minutes",
    severity=0.3,
    sources=("SIPD dan SIAK diam sekitar empat hari, November 2025",),
    delivers=True,
    sentence=sentence,
)
