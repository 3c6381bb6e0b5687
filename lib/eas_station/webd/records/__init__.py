"""Queries of the database, recordings, and background tasks."""
