"""Samples → messages."""
