"""What a rule declares, as plain values, and the values of its parameters that the profile sets."""

from __future__ import annotations

from typing import Any

from schemas.profile import Profile
from schemas.profile.rows import Threshold
from streams.rules.rule import LegalBasis, Parameter, Rule

DEFAULT = "bawaan aturan"


def declared(rule: Rule) -> dict[str, Any]:
    """Everything but the code and the examples."""
    return {
        "id": rule.id,
        "version": rule.version,
        "title": rule.title,
        "domain": rule.domain,
        "kind": rule.kind,
        "task": rule.task,
        "area": rule.area,
        "owner": rule.owner,
        "severity": rule.severity,
        "sign": rule.sign,
        "about": list(rule.about),
        "method": rule.method,
        "why": rule.why,
        "innocent": list(rule.innocent),
        "legal_basis": [basis_of(basis) for basis in rule.legal_basis],
        "unit_of_measure": rule.unit_of_measure,
        "minimum_sample": rule.minimum_sample,
        "needs": list(rule.needs),
        "sources": list(rule.sources),
        "delivers": rule.delivers,
        "reads_absence": rule.reads_absence,
        "historic": rule.historic,
        "not_applicable": list(rule.not_applicable),
        "examples": len(rule.examples),
        "without": dict(rule.without),
    }


def basis_of(basis: LegalBasis) -> dict[str, str | None]:
    """A regulation with the days on which it holds, ISO 8601."""
    return {
        "text": basis.text,
        "valid_from": basis.valid_from.isoformat() if basis.valid_from else None,
        "valid_to": basis.valid_to.isoformat() if basis.valid_to else None,
    }


def parameters(rule: Rule, profile: Profile | None) -> list[dict[str, Any]]:
    """A row for each value of each parameter: the rule's default, then those of the profile by date, type and source.

    A value of a type goes before one of a source, that before a general one, and any of them before the default.
    """
    rows: list[dict[str, Any]] = []
    for parameter in rule.parameters:
        rows.append(value_row(rule, parameter, None))
        rows.extend(value_row(rule, parameter, by_law) for by_law in parameter.laws)
        if profile is not None:
            rows.extend(
                value_row(rule, parameter, threshold)
                for threshold in sorted(profile.thresholds, key=lambda t: t.valid_from)
                if threshold.name == f"{rule.id}.{parameter.name}"
            )
    return rows


def value_row(rule: Rule, parameter: Parameter, threshold: Threshold | None) -> dict[str, Any]:
    """What a row of the profile says of a parameter; without one, what the rule itself says."""
    since, until = (threshold.valid_from, threshold.valid_to) if threshold else (None, None)
    return {
        "name": f"{rule.id}.{parameter.name}",
        "unit": parameter.unit,
        "meaning": parameter.meaning,
        "value": threshold.value if threshold else parameter.default,
        "valid_from": since.isoformat() if since else None,
        "valid_to": until.isoformat() if until else None,
        "permit_type": threshold.permit_type if threshold else "",
        "source": threshold.source if threshold else "",
        "origin": (threshold.legal_basis or "profil") if threshold else DEFAULT,
    }
