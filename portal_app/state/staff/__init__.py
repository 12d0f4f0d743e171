"""What the buttons of the practice's money pages call."""
