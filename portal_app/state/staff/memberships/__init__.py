"""States of the staff pages about memberships."""
