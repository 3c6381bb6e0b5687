"""The two nouns, Alert and Reception, and how one becomes the other."""
