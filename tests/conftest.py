"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples on each run, and no limit on the time of one: a busy machine proves nothing.
settings.register_profile(
    "station", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("station")
