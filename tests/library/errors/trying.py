"""Running the programs that raise the errors of the catalogue, and what mends them."""

import linecache
import warnings

import numpy
import torch

from tensorglass import explain_error


def run(source, name="program.py"):
    """Run a program as a file of that name, with warnings as errors, and return its names."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": numpy, "__name__": "program"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(source, name, "exec"), names)
    return names


def explained(source):
    """Return the explanation of what a program raises."""
    try:
        run(source)
    except Exception as error:
        return explain_error(error)
    raise AssertionError("nothing was raised")
