"""Rules for people: what they declare and how often they speak, their pages, what a change would do, new ones."""
