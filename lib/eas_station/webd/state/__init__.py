"""What the station is like at this moment, as values."""
