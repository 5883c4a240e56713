"""What autograd keeps for the backward pass."""
