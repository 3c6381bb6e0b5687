"""The material that `eas-ctl run` demonstrates the station with."""
