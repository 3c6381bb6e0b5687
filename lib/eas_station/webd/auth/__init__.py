"""Who may change something, and the record of it."""
