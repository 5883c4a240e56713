"""Which shapes broadcast, what to do when they do not, and which broadcasts happen while code runs."""
