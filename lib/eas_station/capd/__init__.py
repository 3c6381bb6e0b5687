"""eas-capd: polls CAP feeds."""
