"""Calls of operations that allocated or released memory."""

from __future__ import annotations

from dataclasses import dataclass

from ..report import public

BETWEEN = "between operations"


@public
@dataclass(frozen=True)
class OperationCall:
    """One call of an operation that allocated or released memory on one kind of device. All figures are bytes.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    operation : str
        The outermost operation, such as `conv2d` or `ConvolutionBackward0`, or the label of a
        `torch.profiler.record_function` around it; "between operations" where Python made or dropped a tensor.
    before, highest, after : int
        Live bytes when it began, the most during it, and when it ended.
    allocated : int
        All that it allocated, whether it released it again or not.
    backward : bool
        Whether autograd's engine ran it in a backward pass.
    """

    operation: str
    before: int
    highest: int
    after: int
    allocated: int
    backward: bool = False

    @property
    def workspace(self) -> int:
        """What it needed for itself, which is the most during it beyond what was live before and what it left live."""
        return self.highest - max(self.before, self.after)
