"""The record: schema, queries, spool."""
