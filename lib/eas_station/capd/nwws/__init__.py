"""The NOAA Weather Wire Service feed."""
