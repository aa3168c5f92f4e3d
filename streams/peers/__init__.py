"""Peers: counts by day that add up in any order, and the fences that are read from them once a day."""
