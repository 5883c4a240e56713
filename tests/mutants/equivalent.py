"""Broken places that do no harm, each with the reason. A line of code that moves must be listed anew."""

EQUIVALENT: dict[str, str] = {}
