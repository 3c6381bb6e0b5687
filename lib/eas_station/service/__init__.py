"""What every daemon does the same way."""
