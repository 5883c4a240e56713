"""What becomes of signals and gradients in deep networks: predicted, and measured."""
