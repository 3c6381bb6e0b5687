"""eas-webd: status page and API."""
