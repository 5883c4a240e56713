"""What torch's error messages mean: from the exception, which tensors caused it, and what mends it."""
