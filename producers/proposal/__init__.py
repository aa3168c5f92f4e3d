"""A mapping proposed for a log that nobody has described: from the names of its columns and from their values."""

from producers.proposal.propose import Proposal, ProposalError, propose

__all__ = ["Proposal", "ProposalError", "propose"]
