"""The kinds of memory that totals are given for."""

from __future__ import annotations

PARAMETERS = "parameters"
GRADIENTS = "gradients"
OPTIMIZER_STATE = "optimizer state"
BUFFERS = "buffers"
PACKED_WEIGHTS = "packed weights"
GRAPH = "kept by autograd's graph"
OTHER = "other"
# A storage that is of several kinds counts as the first of them here.
IN_ORDER = (PARAMETERS, BUFFERS, OPTIMIZER_STATE, GRADIENTS, PACKED_WEIGHTS, OTHER, GRAPH)
# Those that people ask for; their totals are shown also where they are zero.
OF_TRAINING = (PARAMETERS, GRADIENTS, OPTIMIZER_STATE, BUFFERS)
