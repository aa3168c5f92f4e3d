"""Compare what the engine committed and published with the plain reference."""

from infra.verify.compare import verify
from infra.verify.report import AlertDifference, Difference, Report

__all__ = ["AlertDifference", "Difference", "Report", "verify"]
