"""Migration, grants, retention, vacuum and transfer."""
