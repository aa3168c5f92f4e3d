"""What the events of examples carry, in words: fields and their values, as an official would say them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.rules.words import day, moment, number

METHODS = {"direct": "pengadaan langsung", "tender": "tender", "emergency": "darurat"}
PACKAGES = {
    "construction": "pekerjaan konstruksi", "goods": "barang", "services": "jasa lainnya", "consulting": "jasa konsultansi",
}  # fmt: skip
CHANNELS = {"cash": "tunai", "virtual_account": "akun virtual", "transfer": "pemindahbukuan"}
ROLES = {"treasurer": "bendahara", "kuasa-BUD": "Kuasa BUD"}
STATUSES = {"reported": "dilaporkan desa", "registered": "tercatat"}
CHANGED = {"birth_date": "tanggal lahir", "nik": "NIK", "name": "nama"}

#: What fields of an example's event are called, and how their values are put.
FIELDS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    **dict.fromkeys(("step", "officer_token", "domain"), ("", str)),
    "arrives": ("diterima", moment),
    "document_date": ("dokumen bertanggal", lambda value: day(value[:10])),
    "due_at": ("tenggat sendiri", moment),
    "procured_at": ("diadakan", lambda value: day(value[:10])),
    "complete_at": ("lengkap", moment),
    "fee_assessed": ("retribusi ditetapkan", lambda value: f"Rp{number(value)}"),
    "fee_paid": ("retribusi dibayar", lambda value: f"Rp{number(value)}"),
    "amount": ("sebesar", lambda value: f"Rp{number(value)}"),
    "package_ceiling": ("berpagu", lambda value: f"Rp{number(value)}"),
    "monthly_plan": ("rencana kas", lambda value: f"Rp{number(sum(value))} setahun"),
    "declared_value": ("nilai yang dilaporkan", lambda value: f"Rp{number(value)}"),
    "reference_value": ("nilai acuan", lambda value: f"Rp{number(value)}"),
    "reduction": ("keringanan", lambda value: f"Rp{number(value)}"),
    "permit_type": ("jenis", str),
    "delegation_id": ("delegasi", str),
    "automatic": ("otomatis", lambda _: ""),
    "new_documents": ("dokumen baru", lambda _: ""),
    "contact": ("dihubungi lewat", str),
    "unit": ("unit", str),
    "register_number": ("nomor register", str),
    "fiscal_year": ("tahun anggaran", str),
    "opd": ("perangkat daerah", str),
    "program": ("program", str),
    "activity": ("kegiatan", str),
    "sub_activity": ("subkegiatan", str),
    "account": ("rekening", str),
    "fund": ("sumber dana", str),
    "disbursement_type": ("jenis", str),
    "ceiling_stage": ("tahap", str),
    "document_number": ("nomor", str),
    "refers_to": ("merujuk", str),
    "invoice_number": ("nomor tagihan", str),
    "recurring": ("berulang", lambda _: ""),
    "package_id": ("paket", str),
    "package_method": ("metode", lambda value: METHODS.get(value, value)),
    "package_kind": ("jenis", lambda value: PACKAGES.get(value, value)),
    "cash_office": ("tempat penerimaan", str),
    "channel": ("cara bayar", lambda value: CHANNELS.get(value, value)),
    "receipt_number": ("nomor kuitansi", str),
    "receipt_book": ("buku", str),
    "closing_id": ("penutupan kas", str),
    "deposit_number": ("nomor setoran", str),
    "composition": ("berisi kuitansi", lambda parts: ", ".join(part["receipt_number"] for part in parts)),
    "voided_event": ("membatalkan kuitansi yang dicatat sebelumnya", lambda _: ""),
    "corrects": ("mengoreksi yang dicatat sebelumnya", lambda _: ""),
    "zone": ("zona nilai", str),
    "penalty": ("denda", lambda value: f"Rp{number(value)}"),
    "permit_case_id": ("untuk izin", str),
    "officer_role": ("sebagai", lambda value: ROLES.get(value, value)),
    "pokir": ("dari pokok pikiran DPRD", lambda _: ""),
    "contract_number": ("kontrak", str),
    "physical_bp": ("kemajuan fisik", lambda value: f"{number(value // 100)} %"),
    "trip_from": ("berangkat", moment),
    "trip_to": ("kembali", moment),
    "trip_lodging": ("penginapan", lambda value: f"Rp{number(value)}"),
    "assessment_id": ("ketetapan", str),
    "status": ("status", lambda value: STATUSES.get(value, value)),
    "persons": ("jumlah orang", str),
    "children_only": ("anak saja", lambda _: ""),
    "village": ("desa", str),
    "origin_village": ("dari desa", str),
    "destination_village": ("ke desa", str),
    "changed_fields": ("data yang diubah", lambda names: ", ".join(CHANGED.get(name, name) for name in names)),
    "age_years": ("umur", lambda value: f"{value} tahun"),
    "father_age_years": ("umur ayah", lambda value: f"{value} tahun"),
    "mother_age_years": ("umur ibu", lambda value: f"{value} tahun"),
    "nik_well_formed": ("bentuk NIK", lambda value: "benar" if value else "salah"),
    "nik_region_known": ("kode wilayah NIK", lambda value: "dikenal" if value else "tidak dikenal"),
    "nik_date_matches": ("tanggal pada NIK", lambda value: "cocok" if value else "tidak cocok"),
    "nik_sex_matches": ("jenis kelamin pada NIK", lambda value: "cocok" if value else "tidak cocok"),
}  # fmt: skip
#: Whoever or whatever a token stands for.
TOKENS = {
    "applicant_token": "pemohon yang sama", "agent_token": "dengan kuasa", "payee_token": "penerima", "payee_account_token":
    "rekening penerima", "cashier_token": "kasir", "operator_token": "operator", "person_token": "orang", "identity_token":
    "identitas", "family_card_token": "kartu keluarga", "previous_family_card_token": "kartu keluarga lama",
    "address_token": "alamat", "mother_token": "ibu", "payer_token": "pembayar", "object_token": "objek",
    "traveller_token": "pelaksana perjalanan",
}  # fmt: skip


def remarks(fields: Mapping[str, Any]) -> Iterator[str]:
    """What else an example's event carries, in words."""
    for name, value in fields.items():
        if value is None or value == "" or (value is False and not name.startswith("nik_")):
            continue
        if name == "mode":
            if value == "backfill":
                yield "data historis"
        elif name in ("applicant_token", "agent_token"):
            yield TOKENS[name]
        elif name in TOKENS:
            yield f"{TOKENS[name]} {_short(str(value))}"
        elif name in FIELDS:
            label, put = FIELDS[name]
            if label:
                yield f"{label} {put(value)}".rstrip()
        else:
            yield f"{name} {value}"


def _short(token: str) -> str:
    """A token without what only fills it up."""
    return token.rstrip("a") or token
