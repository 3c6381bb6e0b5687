"""What other people wrote and Debian lacks, carried as it is: README.md says what and whence."""
