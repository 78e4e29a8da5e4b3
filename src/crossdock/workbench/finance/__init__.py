"""What finance looks at every day: whether money agrees everywhere, and how the settlements of carriers stand."""
