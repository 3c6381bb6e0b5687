"""Whether an alert concerns this station, and how grave it is."""
