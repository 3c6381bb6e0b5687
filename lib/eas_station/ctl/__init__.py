"""eas-ctl: the operator's command."""
