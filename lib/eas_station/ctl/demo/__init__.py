"""The material of the demonstration of `eas-ctl run`."""
