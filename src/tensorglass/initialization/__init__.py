"""New weights for whole models."""
