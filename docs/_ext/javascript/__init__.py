"""Functions of Python as JavaScript: what the library says of some numbers a page says too, from one source."""
