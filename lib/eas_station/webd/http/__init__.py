"""The HTTP server, requests and responses; nothing about alerts."""
