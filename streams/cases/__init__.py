"""Permit cases as columns: events of fixed width, packed by case, and what follows from them for many cases at once."""
