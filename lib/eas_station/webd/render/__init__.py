"""Values as the page words them; no markup."""
