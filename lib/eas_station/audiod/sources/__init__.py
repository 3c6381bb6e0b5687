"""Where audio comes from: files, pipes, sound cards, receivers."""
