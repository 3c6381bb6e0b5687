"""Which receptions are one alert."""
