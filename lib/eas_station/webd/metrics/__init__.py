"""The station in figures, for Prometheus."""
