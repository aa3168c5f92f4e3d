"""Alerts about the same case or the same actor, combined into one risk that can be ranked."""
