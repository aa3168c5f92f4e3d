"""The live page of the command centre."""
