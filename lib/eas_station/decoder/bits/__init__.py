"""Audio to soft bits: synchronisation, bit clock, detection."""
