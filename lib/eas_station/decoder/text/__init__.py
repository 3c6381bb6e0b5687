"""The characters and the grammar of a header."""
