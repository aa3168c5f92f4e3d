"""To the gateway over HTTP, in order, marked only by receipts: what the outbox relay and the durable queue share."""
