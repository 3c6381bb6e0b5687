"""News between the daemons, over ZeroMQ."""
