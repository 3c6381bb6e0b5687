"""What changes while a page is open: bus messages, live updates, live sound."""
