"""Scenarios: the file format, loading, building, running, and what a run leaves behind."""
