"""Recordings and SAME messages: decode and encode."""
