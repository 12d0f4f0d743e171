"""The few plain HTTP routes, and the shield in front of everything."""
