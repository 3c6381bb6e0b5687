"""The proof that a channel would hear a warning: probes, margins, expected tests."""
