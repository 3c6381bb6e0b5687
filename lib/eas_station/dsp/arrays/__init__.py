"""Array types, filters and buffers."""
