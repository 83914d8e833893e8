"""Scores: pure functions on features."""
