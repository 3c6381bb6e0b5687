"""Requests, responses and the server; nothing about alerts."""
