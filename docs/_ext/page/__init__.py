"""What one page shows beyond what the gallery and MyST-NB make of it."""
