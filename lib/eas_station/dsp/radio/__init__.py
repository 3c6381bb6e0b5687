"""IQ to channels, channels to audio."""
