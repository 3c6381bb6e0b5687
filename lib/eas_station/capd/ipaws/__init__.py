"""FEMA's IPAWS-OPEN feed and its signatures."""
