"""Step templates proposed from a historic log, for a person to edit and approve."""
