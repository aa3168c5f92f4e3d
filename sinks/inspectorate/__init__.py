"""Alerts and their evidence for the inspectorate."""
