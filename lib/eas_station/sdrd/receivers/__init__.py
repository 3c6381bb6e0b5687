"""Tuned radios that yield IQ."""
