"""Where: codes, polygons, the station's area."""
