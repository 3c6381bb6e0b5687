"""What a CAP message says."""
