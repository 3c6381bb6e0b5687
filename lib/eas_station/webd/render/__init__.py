"""Values in the words of the page; no markup."""
