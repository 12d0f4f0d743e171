"""The states of the staff pages about agreements."""
