"""Automatic gain and frequency correction of a dongle."""
