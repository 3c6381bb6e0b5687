"""Levels, tones, AFSK and resampling."""
