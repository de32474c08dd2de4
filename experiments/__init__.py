"""Published experiments, done again with eventlab's own parts. ``python -m experiments`` writes their tables."""
