"""The webhook for channels that are deaf, silent or overdue."""
