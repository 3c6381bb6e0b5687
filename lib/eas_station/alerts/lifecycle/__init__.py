"""What is in force where and until when; the admission of a reception."""
