"""EAS Station: hears emergency alerts from the Internet and off the air."""

__version__ = "0.1.0"
