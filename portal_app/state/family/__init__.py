"""The family, contact details and sharing, as pages hold them."""
