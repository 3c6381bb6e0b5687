"""Messages between the daemons, over ZeroMQ."""
