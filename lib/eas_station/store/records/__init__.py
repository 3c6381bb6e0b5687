"""All other tables, one module each."""
