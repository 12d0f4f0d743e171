"""The staff pages about agreements."""
