"""Metric definitions and health, for every process."""
