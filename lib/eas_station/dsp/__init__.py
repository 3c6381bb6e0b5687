"""Samples ⇄ bits."""
