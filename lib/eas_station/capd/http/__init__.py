"""Feeds that are polled by HTTP."""
