"""A SAME header or a CAP message becomes a reception; a CAP message becomes a header."""
