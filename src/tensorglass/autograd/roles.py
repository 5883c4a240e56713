"""The part that a saved tensor plays in the formula of a derivative, told from the name that torch's formula gives it.

The names are those of torch's table of derivatives, `tools/autograd/derivatives.yaml`: a formula that reads `result`
has the operation save its output, one that reads `self` or `other` its inputs.
"""

from __future__ import annotations

import torch

OUTPUT, INPUT, WEIGHT, MASK, INDICES = "output", "input", "weight", "mask", "indices"
STATISTICS, RANDOM_STATE, WORKSPACE, GRADIENT = "statistics", "random state", "workspace", "gradient"
INTERMEDIATE, ATTRIBUTE = "intermediate", "attribute"
_FIELDS = {
    OUTPUT: """result result0 output self_or_result LU L U H Q R S P Vh eigenvalues eigenvectors solution inverse
        sign""",
    WEIGHT: """weight weight0 weight1 weight2 weight3 weights params pos_weight per_sample_weights""",
    MASK: """mask condition attn_mask attn_bias is_target""",
    INDICES: """indices index pivots offsets offs lengths input_lengths target_lengths cum_seq_q cum_seq_k cu_seqlens_q
        cu_seqlens_k zero_point""",
    STATISTICS: """running_mean running_var save_mean save_var save_invstd mean rstd logsumexp log_sumexp
        softmax_logsumexp total_weight""",
    RANDOM_STATE: """noise philox_seed philox_offset rng_state unused dropout_state fwd_cpu_state fwd_device_states""",
    WORKSPACE: """reserve reserveSpace buffer""",
    GRADIENT: """grad grad_output grad_out""",
}
_ROLE_OF_FIELD = {field: role for role, fields in _FIELDS.items() for field in fields.split()}


def role_of(node: str, field: str, dtype: torch.dtype, *, is_output: bool) -> str:
    """Return the role of a saved tensor; what is not known to be something else is an input of the formula.

    Parameters
    ----------
    node : str
        The node of the graph, such as `ReluBackward0`.
    field : str
        Its name in the node's formula; `tensors` for what a custom function gave to `ctx.save_for_backward`.
    dtype : torch.dtype
        Tells the further results of an operation apart that its caller does not see: masks, indices, statistics.
    is_output : bool
        Whether the call returned it.

    Examples
    --------
    >>> role_of("MulBackward0", "self", torch.float32, is_output=False)
    'input'
    >>> role_of("MaxPool2DWithIndicesBackward0", "result1", torch.int64, is_output=False)
    'indices'
    """
    if field in _ROLE_OF_FIELD:
        return _ROLE_OF_FIELD[field]
    if field == "tensors":
        return OUTPUT if is_output else INPUT
    if field.removeprefix("result").isdecimal():
        recurrent = "Rnn" in node and field in ("result1", "result2")  # the last states, of which the caller gets views
        return OUTPUT if is_output or recurrent else _role_of_hidden_result(dtype)
    return INPUT


def _role_of_hidden_result(dtype: torch.dtype) -> str:
    if dtype == torch.bool:
        return MASK
    if dtype == torch.uint8:
        return WORKSPACE
    return STATISTICS if dtype.is_floating_point else INDICES
