"""A program runs as it would alone, and the error that ends it is explained."""

import sys

from .errors.program import main

if __name__ == "__main__":
    main(sys.argv[1:])
