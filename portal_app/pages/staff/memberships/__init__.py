"""Staff pages about memberships."""
