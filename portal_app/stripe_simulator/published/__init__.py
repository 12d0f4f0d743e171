"""What Stripe publishes about its test mode and its currencies."""
