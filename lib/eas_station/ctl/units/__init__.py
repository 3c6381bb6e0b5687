"""What the configuration decides about systemd units."""
