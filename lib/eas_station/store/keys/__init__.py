"""Passwords, sessions and tokens of the page."""
