"""Einsum as a plan that can be read: an equation, its indices, a program of torch calls."""
