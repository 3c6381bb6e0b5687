"""The state of the station at this moment, as values."""
