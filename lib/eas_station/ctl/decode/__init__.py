"""Decode SAME messages of recordings, and encode them."""
