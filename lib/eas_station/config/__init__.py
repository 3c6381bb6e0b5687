"""TOML → values, all faults at once."""
