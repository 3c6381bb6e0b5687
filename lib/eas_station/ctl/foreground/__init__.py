"""All daemons as child processes, without systemd."""
