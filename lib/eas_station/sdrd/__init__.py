"""eas-sdrd: one dongle → audio of its channels."""
