"""Canada's alerts: the stream of the NAAD System."""
