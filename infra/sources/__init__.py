"""Where two sources report one fact: what they say, side by side."""
