"""What the portal says by email and text message: templates, the outbox, its delivery and its log."""
