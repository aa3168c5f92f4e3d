"""The contract every part of Nadi shares: events, topics, wire format, profile, calendar."""
