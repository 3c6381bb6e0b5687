"""What a feed answers: one alert, an envelope, an Atom or RSS feed, GeoJSON."""
