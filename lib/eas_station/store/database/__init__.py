"""The connection, the schema and what all queries share."""
