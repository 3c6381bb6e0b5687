"""Recordings of alerts: what belongs to a clip, and how it is written."""
