"""What a message states of its event: VTEC numbers, their years, order and ends."""
