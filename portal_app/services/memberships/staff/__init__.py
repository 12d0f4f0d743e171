"""What staff do to memberships."""
