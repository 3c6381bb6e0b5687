"""eas-audiod: audio → alerts."""
