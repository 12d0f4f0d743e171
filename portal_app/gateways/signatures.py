"""What Stripe and Twilio sign is checked before anything reads it."""


class InvalidSignature(Exception):
    """A webhook that its sender did not sign, or signed too long ago."""
