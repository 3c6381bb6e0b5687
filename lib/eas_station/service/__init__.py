"""What all daemons have in common."""
