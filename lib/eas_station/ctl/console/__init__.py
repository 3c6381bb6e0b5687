"""Options, output and connections that several commands share."""
