"""What all kinds of feeds share."""
