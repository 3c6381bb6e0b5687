"""Internet streams as a source."""
