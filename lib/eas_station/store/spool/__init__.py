"""The outbox of a process on disk."""
