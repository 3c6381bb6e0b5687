"""Text products of the National Weather Service: UGC, VTEC, and the messages they give."""
