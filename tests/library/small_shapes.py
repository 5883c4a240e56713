"""All shapes with up to three axes of sizes up to 3."""

import itertools

SMALL_SHAPES = [shape for rank in range(4) for shape in itertools.product(range(4), repeat=rank)]
