"""Reads tables of systems that nobody can change, by SELECT alone, and sends their rows through the gateway."""
