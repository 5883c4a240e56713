"""What the sessions of `noxfile.py` stand on: their arguments, the shared environment, and the build of the site."""
