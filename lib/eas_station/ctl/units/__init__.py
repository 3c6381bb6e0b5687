"""The systemd units that follow from the configuration."""
