"""What autograd keeps for the backward pass: by module and operation, each storage counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..calling import prepared_call, random_state_kept, tensors_in
from .recorder import SavingRecorder
from .report import Kept, SavedTensors


def saved_for_backward(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> SavedTensors:
    """Tell what autograd would keep for the backward pass of ``fn(*args, **kwargs)``.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    fn : callable
        A module or a function. It runs once, in the grad mode and the train or eval mode that it is in.
    *args, **kwargs
        Arguments of that call.

    Returns
    -------
    SavedTensors
        The difference of two of them compares two runs, as before and after checkpointing.

    Raises
    ------
    TypeError
        If `fn` cannot be called.
    RuntimeError
        If a fake tensor is on CUDA where there is none: torch would end the process.

    Notes
    -----
    The random state is put back, and if `fn` is a module, its buffers are left alone: batch normalization counts this
    run nowhere. What else `fn` changes stays changed. See `record_saved` for what is seen.

    With a module and arguments of fake tensors none of them is allocated, and none computed: the answer to "will it
    fit" for a model of any size. The sizes are then those that the kernels of the fake tensors' device would keep.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import saved_for_backward
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    >>> saved = saved_for_backward(model, torch.ones(100, 8))
    >>> [(each.module, each.operation, each.role, each.kind) for each in saved.tensors]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('Sequential.0', 'linear', 'input', 'input'),
     ('Sequential.1', 'relu', 'output', 'activation'),
     ('Sequential.2', 'linear', 'input', 'activation'),
     ('Sequential.2', 'linear', 'weight', 'parameter')]
    >>> saved.activation_bytes == 100 * 16 * 4
    True

    Will it fit? Nothing is allocated for this layer:

    >>> from torch._subclasses import FakeTensorMode
    >>> with FakeTensorMode():
    ...     layer = torch.nn.TransformerEncoderLayer(4096, 32, batch_first=True)
    ...     saved = saved_for_backward(layer, torch.empty(1, 4096, 4096))
    >>> f"{saved.activation_bytes / 2**30:.1f} GiB"
    '6.8 GiB'
    """
    if not callable(fn):
        raise TypeError(f"saved_for_backward() fn is {type(fn).__name__}; expected a module or a function")
    call = prepared_call(fn, args, kwargs)
    with random_state_kept(), _recording() as (saved, recorder):
        # Compiled or traced code does not say what it is called with.
        recorder.known.meet_inputs(list(tensors_in((args, kwargs))))
        if isinstance(fn, torch.nn.Module):
            recorder.known.meet_module(fn)
        result = call()
    del result  # it had to outlive the recording: the graph hangs on it
    return saved


@contextmanager
def record_saved() -> Iterator[SavedTensors]:
    """Record what autograd keeps for the backward pass of the code inside.

    .. versionadded:: 0.2.0

    Yields
    ------
    SavedTensors
        Complete when the block has ended, also if it ended with an exception.

    Raises
    ------
    RuntimeError
        If a fake tensor is on CUDA where there is none: torch would end the process. If torch is too old.

    Notes
    -----
    After each call of a torch function the new nodes of autograd's graph are read. Nothing is hooked into the graph:
    gradients, the checks for tensors that were modified in place, other saved-tensor hooks and the lifetime of
    tensors are what they are without the recording. Blocks may be nested, and several threads may record at once.

    Compiled code is seen by what it saves, under the name of the compiler's function; what is counted is the same. That
    needs torch 2.13 or newer: in older ones the block has it compiled anew, and what is counted then is not the same.
    A tensor that was changed in place since it was saved is named in `notes`, with the lines of both, and in a note
    of the error that a backward pass inside the block raises.

    With checkpointing, what counts is what is kept in order to compute the rest again; with saved-tensor hooks, what
    they put in place of the tensors. Not seen: what in-place operations on views, scripted code once it is optimized,
    and functions of C++ extensions save (`notes` says where there were such); graphs that are built in other threads,
    as a backward pass on CUDA does with ``create_graph=True``; parts of a graph that were dropped before a torch
    function, a module or the end of the block could reach them. Inside the block the fast path of
    `torch.nn.TransformerEncoderLayer` and `torch.nn.MultiheadAttention` for inference is not taken.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import record_saved
    >>> x = torch.ones(1000, requires_grad=True)
    >>> with record_saved() as saved:
    ...     y = (2 * x).exp().sum()
    >>> [(each.operation, each.role, each.kind, each.nbytes) for each in saved.tensors]
    [('mul', 'input', 'number', 8), ('exp', 'output', 'activation', 4000)]
    """
    with _recording() as (saved, _):
        yield saved


@contextmanager
def _recording() -> Iterator[tuple[SavedTensors, SavingRecorder]]:
    saved, recorder = SavedTensors(), SavingRecorder()
    try:
        with recorder:
            yield saved, recorder
    finally:
        saved._end(Kept.of(recorder))
