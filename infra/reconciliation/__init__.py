"""Our figures beside an official report, line by line, to the rupiah."""
