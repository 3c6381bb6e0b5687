"""What a SAME text says."""
