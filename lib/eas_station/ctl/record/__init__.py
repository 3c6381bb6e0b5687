"""The database: create, migrate, move, back up, restore, maintain."""
