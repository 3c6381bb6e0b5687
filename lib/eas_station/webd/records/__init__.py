"""Questions to the database, recordings, and long work on them."""
