"""What the scripts of the question pages need beyond torch."""
