"""How good the rules are: a run of the whole pipeline over a log or over planted years, and what they found of it."""
