"""All daemons as children of one process, without systemd."""
