"""Files of torch that cannot be loaded as they are, in memory."""

import io

import torch


def whole_model():
    """Return a file with a whole model, which is more than weights."""
    file = io.BytesIO()
    torch.save(torch.nn.Linear(2, 3), file)
    file.seek(0)
    return file


def web_page():
    """Return a file that was saved in the place of a download."""
    return io.BytesIO(b"<!DOCTYPE html><title>Sign in</title>" + bytes(100))


def on_a_gpu():
    """Return a file of which torch believes that it was written on a GPU."""
    file = io.BytesIO()
    registry = torch.serialization._package_registry
    torch.serialization.register_package(0, lambda storage: "cuda:0", lambda storage, location: None)
    try:
        torch.save(torch.ones(2), file)
    finally:
        registry[:] = [entry for entry in registry if entry[0] != 0]
    file.seek(0)
    return file
