"""What changes while a page is open: the bus, live updates, live sound."""
