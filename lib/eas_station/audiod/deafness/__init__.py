"""Which samples were heard and which were not."""
