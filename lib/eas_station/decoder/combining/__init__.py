"""Several bursts and several receivers to one message."""
