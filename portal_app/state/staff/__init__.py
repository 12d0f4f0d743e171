"""States of the staff pages: what their fields show and what their buttons do."""
