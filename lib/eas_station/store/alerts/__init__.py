"""Alerts and receptions: queries, and the batch that writes them."""
