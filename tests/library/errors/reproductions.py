"""A minimal program for each error of the catalogue, and the tensors that its explanation must name.

Each is run as a file. What a fix proposes is put into the place that it names, and the program is run again.
"""

import sys
from typing import NamedTuple


class Program(NamedTuple):
    kind: str
    source: str
    operands: str = ""  # the names that must be among the operands
    fixes: bool = True  # whether one of its fixes must be tried
    since: tuple[int, int] = (2, 4)  # the version of torch from which on the message is this one


RAISED = """
def on_a_gpu(x):
    raise {error}
x = torch.ones(3)
result = on_a_gpu(x)
"""
OUT_OF_MEMORY = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.65 GiB of which 1.10 GiB is "
    "free. Including non-PyTorch memory, this process has 22.50 GiB memory in use."
)

PROGRAMS = [
    Program("broadcast", "a = torch.ones(2, 3)\nb = torch.ones(2)\nresult = a + b", "a b"),
    Program("broadcast", "a = torch.ones(4, 3)\nb = torch.ones(3, 4)\nresult = torch.mul(a, b)", "a b"),
    Program("broadcast", "a = torch.ones(2, 3)\nb = torch.ones(2, 4)\nresult = a.sub(b)", "a b"),
    Program("broadcast", "a = torch.ones(2, 3, 4)\nb = torch.ones(3, 4, 5)\nresult = a @ b", "a b"),
    Program("broadcast", "a = torch.ones(2, 3)\nb = torch.ones(2)\nresult = (a * 2) + b", "a b"),
    Program("broadcast", "a = torch.ones(2, 3)\nb = torch.ones(2)\nresult = a.cumsum(0) + b", "a b", fixes=False),
    Program("broadcast", "a = torch.ones(8, 3)\nb = torch.ones(8)\nresult = a == b", "a b"),
    Program("broadcast", "a = torch.ones(32, 10)\nb = torch.arange(32)\nresult = a == b", "a b"),
    Program("broadcast", "a = torch.ones(32, 10)\nb = torch.arange(32)\nresult = torch.ne(b, a * 2)", "b"),
    Program(
        "broadcast", "a = torch.ones(2, 64, 8, 8)\nb = torch.ones(2, 128, 8, 8)\nresult = a + b", "a b", fixes=False
    ),
    Program(
        "broadcast", "a = torch.ones(2, 3, device='meta')\nb = torch.ones(2, device='meta')\nresult = a + b", "a b"
    ),
    Program(
        "broadcast", "a = torch.ones(2, device='meta')\nb = torch.ones(2, 3, device='meta')\nresult = a * b", "a b"
    ),
    Program("expand", "x = torch.ones(2, 3)\nresult = x.expand(2, 4)", "x"),
    Program("expand", "x = torch.ones(3)\nresult = x.expand(3, 4)", "x"),
    Program("expand", "x = torch.zeros(2, 4)\ny = torch.ones(3, 4)\nx[:] = y", "x y"),
    Program("expand", "x = torch.zeros(2, 4)\ny = torch.ones(2)\nx[0:2] = y", "x y"),
    Program("expand_rank", "x = torch.ones(3, 4)\nresult = x.expand(4)", "x"),
    Program("in_place_shape", "a = torch.ones(3)\nb = torch.ones(2, 3)\na += b", "a b"),
    Program("in_place_shape", "a = torch.ones(3)\nb = torch.ones(2, 3)\nresult = a.add_(b)", "a b"),
    Program("in_place_shape", "a = torch.ones(3, device='meta')\nb = torch.ones(2, 3, device='meta')\na += b", "a b"),
    # Products
    Program("matmul", "a = torch.ones(2, 3)\nb = torch.ones(4, 3)\nresult = a @ b", "a b"),
    Program("matmul", "a = torch.ones(2, 3)\nb = torch.ones(2, 4)\nresult = torch.mm(a, b)", "a b"),
    Program("matmul", "a = torch.ones(3, 4)\nb = torch.ones(2, 3)\nresult = a.matmul(b)", "a b"),
    Program("matmul", "layer = nn.Linear(20, 5)\nx = torch.ones(8, 30)\nresult = layer(x)", "x layer.weight"),
    Program("matmul", "layer = nn.Linear(12, 5)\nx = torch.ones(8, 3, 4)\nresult = layer(x)", "x layer.weight"),
    Program("matmul", "layer = nn.Linear(8, 5)\nx = torch.ones(8, 30)\nresult = layer(x)", "x layer.weight"),
    Program("matmul", "layer = nn.Linear(12, 5)\nx = torch.ones(3, 4)\nresult = layer(x)", "x layer.weight"),
    Program(
        "matmul",
        "model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3600, 10))\n"
        "image = torch.ones(3, 32, 32)\nresult = model(image)",
        "image 3.weight",
    ),
    Program(
        "matmul",
        "model = nn.Sequential(nn.Linear(784, 100), nn.ReLU())\nx = torch.ones(8, 1, 28, 28)\nresult = model(x)",
        "x 0.weight",
    ),
    Program(
        "matmul",
        "model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2 * 26 * 26, 10))\nx = torch.ones(8, 1, 28, 28)\n"
        "result = model(x)",
        "x 1.weight",
    ),
    Program(
        "matmul",
        "model = nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.Linear(90, 10))\nx = torch.ones(2, 28, 28)\n"
        "result = model(x)",
        "x 2.weight",
    ),
    Program(
        "matmul",
        "from torch._subclasses import FakeTensorMode\nwith FakeTensorMode():\n    a = torch.ones(2, 3)\n"
        "    b = torch.ones(4, 3)\n    result = torch.mm(a, b)",
        "a b",
    ),
    Program("matvec", "a = torch.ones(4, 3)\nv = torch.ones(4)\nresult = a @ v", "a v"),
    Program("matvec", "a = torch.ones(4, 3, device='meta')\nv = torch.ones(4, device='meta')\nresult = a @ v", "a v"),
    Program("bmm", "a = torch.ones(2, 3, 4)\nb = torch.ones(2, 5, 4)\nresult = torch.bmm(a, b)", "a b"),
    Program("bmm", "a = torch.ones(2, 3, 4)\nb = torch.ones(2, 3, 5)\nresult = a @ b", "a b"),
    Program("matrix_rank", "a = torch.ones(2, 3)\nb = torch.ones(3)\nresult = torch.mm(a, b)", "a b"),
    Program("matrix_rank", "a = torch.ones(4, 3)\nb = torch.ones(2, 3, 4)\nresult = torch.bmm(a, b)", "a b"),
    Program("dot", "a = torch.ones(3)\nb = torch.ones(4)\nresult = a.dot(b)", "a b"),
    Program("dot", "a = torch.ones(3)\nb = torch.ones(4)\nresult = a @ b", "a b"),
    Program("dot", "a = torch.ones(3, device='meta')\nb = torch.ones(4, device='meta')\nresult = a @ b", "a b"),
    Program("dot_rank", "a = torch.ones(2, 3)\nb = torch.ones(3)\nresult = torch.dot(a, b)", "a b"),
    Program("matmul_scalar", "a = torch.tensor(2.0)\nb = torch.ones(4)\nresult = a @ b", "a b"),
    Program("matmul_scalar", "layer = nn.Linear(1, 5)\nx = torch.tensor(2.0)\nresult = layer(x)", "x layer.weight"),
    # Einsum
    Program(
        "einsum_size",
        'a = torch.ones(2, 3)\nb = torch.ones(4, 3)\nresult = torch.einsum("ij,jk->ik", a, b)',
        "a b",
    ),
    Program("einsum_operands", 'a = torch.ones(2, 3)\nresult = torch.einsum("ij,jk->ik", a)', "a"),
    Program(
        "einsum_terms",
        'a = torch.ones(2, 3)\nb = torch.ones(3, 4)\nc = torch.ones(4, 5)\nresult = torch.einsum("ij,jk", a, b, c)',
        "a b c",
    ),
    Program("einsum_output", 'a = torch.ones(2, 3)\nresult = torch.einsum("ij->ik", a)', "a"),
    Program("einsum_axes", 'a = torch.ones(2, 3, 4)\nresult = torch.einsum("ij->ji", a)', "a"),
    Program("einsum_axes", 'a = torch.ones(2, 3)\nresult = torch.einsum("bij->bji", a)', "a"),
    Program("einsum_repeated_output", 'a = torch.ones(3)\nresult = torch.einsum("i->ii", a)', "a"),
    Program("einsum_subscript", 'a = torch.ones(2, 3)\nresult = torch.einsum("i1->1i", a)', "a"),
    Program("einsum_diagonal", 'a = torch.ones(2, 3)\nresult = torch.einsum("ii->i", a)', "a"),
    # Views and joins
    Program("view_shape", "x = torch.ones(2, 6)\nresult = x.view(5, 4)", "x"),
    Program("view_shape", "x = torch.ones(2, 3, 5)\nresult = x.reshape(4, -1)", "x"),
    Program("view_shape", "x = torch.ones(8, 3)\nresult = x.view(-1, 16)", "x"),
    Program("view_inferred", "x = torch.ones(2, 6)\nresult = x.view(-1, -1)", "x"),
    Program("view_empty", "x = torch.ones(0, 3)\nresult = x.view(0, -1)", "x"),
    Program("view_stride", "x = torch.ones(2, 3).t()\nresult = x.view(6)", "x"),
    Program(
        "view_stride",
        "from torch._subclasses import FakeTensorMode\nwith FakeTensorMode():\n    x = torch.ones(2, 3).t()\n"
        "    result = x.view(6)",
        "x",
    ),
    Program("view_shape", "x = torch.ones(3, 16, 5, 5)\nresult = x.view(8, 400)", "x"),
    Program("view_shape", "x = torch.ones(10, 8)\nresult = x.view(2, 4, 8)", "x"),
    Program("view_shape", "x = torch.ones(12)\nresult = x.view(5, 4)", "x"),
    Program("permute_rank", "x = torch.ones(2, 3, 4)\nresult = x.permute(1, 0)", "x"),
    Program("permute_rank", "x = torch.ones(2, 3)\nresult = x.permute(2, 1, 0)", "x"),
    Program("permute_rank", "x = torch.ones(32, 24, 3)\nresult = x.permute(0, 3, 1, 2)", "x"),
    Program("permute_rank", "x = torch.ones(8, 32, 24, 3)\nresult = x.permute(2, 0, 1)", "x"),
    Program("permute_twice", "x = torch.ones(2, 3, 4)\nresult = x.permute(0, 1, 1)", "x"),
    Program("transpose_rank", "x = torch.ones(2, 3, 4)\nresult = x.t()", "x"),
    Program("split_sizes", "x = torch.ones(5)\nresult = x.split([1, 2])", "x"),
    Program("unflatten", "x = torch.ones(3, 4)\nresult = x.unflatten(1, (3, 2))", "x"),
    Program("cat_sizes", "a = torch.ones(2, 3)\nb = torch.ones(2, 4)\nresult = torch.cat([a, b])", "a b"),
    Program(
        "cat_sizes",
        "a = torch.ones(1, 8, 25, 25)\nb = torch.ones(1, 4, 24, 24)\nresult = torch.cat([a, b], dim=1)",
        "a b",
    ),
    Program("cat_rank", "a = torch.ones(2, 3)\nb = torch.ones(3)\nresult = torch.cat([a, b])", "a b"),
    Program("cat_scalar", "a, b = torch.tensor(1.0), torch.tensor(2.0)\nresult = torch.cat([a, b])", "a b"),
    Program("cat_empty", "parts = []\nresult = torch.cat(parts)"),
    Program("cat_list", "a = torch.ones(2, 3)\nresult = torch.cat(a)", "a"),
    Program("stack", "a = torch.ones(2)\nb = torch.ones(3)\nresult = torch.stack([a, b])", "a b"),
    Program("stack", "rows = [torch.ones(2, 4), torch.ones(3, 4)]\nresult = torch.stack(rows)", "rows[0] rows[1]"),
    Program(
        "stack",
        "rows = [torch.ones(2), torch.ones(3)]\nloader = torch.utils.data.DataLoader(rows, batch_size=2)\n"
        "for batch in loader:\n    pass",
        fixes=False,
    ),
    # Indices
    Program("axis_range", "x = torch.ones(2, 3)\nresult = x.sum(2)", "x"),
    Program("axis_range", "x = torch.ones(2, 3)\nresult = F.softmax(x, dim=2)", "x"),
    Program("too_many_indices", "x = torch.ones(4)\nresult = x[:, 0]", "x"),
    Program("zero_dim_index", "x = torch.tensor(2.0)\nresult = x[0]", "x"),
    Program("index_bounds", "x = torch.ones(4, 3)\nresult = x[:, 3]", "x"),
    Program("index_bounds", "x = torch.ones(4)\ni = 4\nresult = x[i]", "x"),
    Program(
        "index_bounds", "x = torch.ones(4, 3)\ni = torch.tensor([[-1]])\nresult = x.gather(1, i)", "x i", fixes=False
    ),
    Program("axis_range", "x = torch.ones(2, 3)\nresult = x.unsqueeze(5)", "x"),
    Program(
        "lookup",
        "table = nn.Embedding(5, 2)\nx = torch.tensor([1, 7])\nresult = table(x)",
        "x table.weight",
        fixes=False,
    ),
    Program(
        "mask_shape", "x = torch.ones(3, 4)\nmask = torch.tensor([True, False, True, True])\nresult = x[mask]", "x mask"
    ),
    Program("index_dtype", "x = torch.ones(3)\ni = torch.tensor([1.0])\nresult = x[i]", "x i"),
    Program("index_python", "x = torch.ones(3)\ni = 1.0\nresult = x[i]", "x"),
    Program(
        "indices_together",
        "x = torch.ones(4, 4)\nrows = torch.tensor([0, 1])\ncolumns = torch.tensor([0, 1, 2])\nresult = "
        "x[rows, columns]",
        "x rows columns",
    ),
    Program(
        "assigned_shape", "x = torch.zeros(4, 4)\ni = torch.tensor([0, 1])\ny = torch.ones(3, 4)\nx[i] = y", "x i y"
    ),
    Program("assigned_shape", "x = torch.zeros(4, 3)\ni = torch.tensor([0, 1])\ny = torch.ones(2)\nx[i] = y", "x i y"),
    Program("gather_rank", "x = torch.ones(4, 3)\ni = torch.tensor([0, 1, 2, 0])\nresult = x.gather(1, i)", "x i"),
    Program("gather_dtype", "x = torch.ones(4, 3)\ni = torch.ones(4, 1)\nresult = x.gather(1, i)", "x i"),
    # One number
    Program("one_number", "x = torch.ones(3)\nresult = x.item()", "x"),
    Program("one_number", "x = torch.ones(3)\nresult = float(x)", "x"),
    Program("one_number", "a, b = torch.ones(3), torch.ones(3)\nresult = torch.tensor([a, b])", "a b"),
    Program("one_number", "a, b = torch.ones(3).long(), torch.ones(3).long()\nresult = torch.tensor([a, b])", "a b"),
    Program("truth", "x = torch.ones(3)\nif x > 0:\n    result = 1", "x"),
    Program("truth", "x = torch.ones(3)\nresult = bool(x)", "x"),
    Program("truth", "x = torch.ones(0)\nresult = not x", "x"),
    Program("no_axes", "x = torch.tensor(2.0)\nresult = len(x)", "x"),
    Program("no_axes", "x = torch.tensor(2.0)\nresult = [y + 1 for y in x]", "x", fixes=sys.version_info >= (3, 13)),
    Program("no_axes", "x = torch.tensor(2.0)\nfor y in x:\n    pass", "x"),
    # Losses
    Program(
        "loss_shapes",
        "x = torch.ones(3, 1)\ny = torch.ones(3)\nresult = F.binary_cross_entropy_with_logits(x, y)",
        "x y",
    ),
    Program(
        "loss_shapes",
        "x = torch.ones(3, 2)\ny = torch.ones(3)\nresult = F.binary_cross_entropy_with_logits(x, y)",
        "x y",
    ),
    Program(
        "loss_shapes",
        "loss = nn.BCEWithLogitsLoss()\nx = torch.ones(3, 2)\ny = torch.ones(3, 1)\nresult = loss(x, y)",
        "x y",
    ),
    Program("loss_shapes", "loss = nn.BCELoss()\nx = torch.ones(3, 1)\ny = torch.ones(3)\nresult = loss(x, y)", "x y"),
    Program(
        "loss_broadcast", "loss = nn.MSELoss()\nx = torch.ones(3, 1)\ny = torch.ones(3)\nresult = loss(x, y)", "x y"
    ),
    Program("loss_batch", "x = torch.ones(3, 5)\ny = torch.zeros(4).long()\nresult = F.cross_entropy(x, y)", "x y"),
    Program("loss_batch", "x = torch.ones(8, 5)\ny = torch.zeros(2, 4).long()\nresult = F.cross_entropy(x, y)", "x y"),
    Program(
        "loss_batch",
        "x = torch.ones(8, 5)\ny = torch.zeros(2).long()\nresult = F.cross_entropy(x, y)",
        "x y",
        fixes=False,
    ),
    Program(
        "multi_target", "x = torch.ones(3, 5)\ny = torch.zeros(3, 1).long()\nresult = F.cross_entropy(x, y)", "x y"
    ),
    Program(
        "multi_target",
        "loss = nn.NLLLoss()\nx = torch.ones(3, 5)\ny = torch.eye(5)[:3].long()\nresult = loss(x, y)",
        "x y",
    ),
    Program("target_class", "x = torch.ones(3, 5)\ny = torch.tensor([1, 2, 5])\nresult = F.cross_entropy(x, y)", "x y"),
    Program(
        "spatial_target_rank",
        "x = torch.ones(2, 5, 4, 4)\ny = torch.zeros(2, 1, 4, 4).long()\nresult = F.cross_entropy(x, y)",
        "x y",
    ),
    Program(
        "spatial_target_size",
        "x = torch.ones(2, 5, 4, 4)\ny = torch.zeros(2, 8, 8).long()\nresult = F.cross_entropy(x, y)",
        "x y",
    ),
    Program(
        "target_size", "x = torch.ones(2, 7, 5)\ny = torch.zeros(2, 7).long()\nresult = F.cross_entropy(x, y)", "x y"
    ),
    Program(
        "target_size",
        "loss = nn.CrossEntropyLoss()\nx = torch.ones(2, 4, 4, 4, 5)\ny = torch.zeros(2, 4, 4, 4).long()\n"
        "result = loss(x, y)",
        "x y",
    ),
    Program(
        "target_probabilities",
        "x = torch.ones(3, 5)\ny = torch.eye(5)[:3].long()\nresult = F.cross_entropy(x, y)",
        "x y",
    ),
    Program(
        "probability_range", "x = torch.ones(3) * 2\ny = torch.ones(3)\nresult = F.binary_cross_entropy(x, y)", "x y"
    ),
    Program(
        "probability_range",
        "x = torch.ones(3)\ny = torch.tensor([0.0, 255, 0])\nresult = F.binary_cross_entropy(x, y)",
        "x y",
    ),
    # Losses of what a model returns, which has no name
    *(
        Program(kind, f"model = {model}\nx = torch.ones({shape})\ny = {y}\nresult = {loss}(model(x), y)", "y")
        for kind, model, shape, y, loss in [
            ("loss_shapes", "nn.Linear(5, 1)", "4, 5", "torch.ones(4)", "F.binary_cross_entropy_with_logits"),
            ("loss_shapes", "nn.Linear(5, 3)", "4, 5", "torch.ones(4)", "F.binary_cross_entropy_with_logits"),
            ("loss_broadcast", "nn.Linear(5, 1)", "4, 5", "torch.ones(4)", "F.mse_loss"),
            ("multi_target", "nn.Linear(5, 3)", "4, 5", "torch.ones(4, 1).long()", "F.cross_entropy"),
            ("target_class", "nn.Linear(5, 3)", "4, 5", "torch.tensor([1, 2, 3, 1])", "F.cross_entropy"),
            ("target_size", "nn.Linear(5, 3)", "2, 7, 5", "torch.ones(2, 7).long()", "F.cross_entropy"),
            ("target_probabilities", "nn.Linear(5, 3)", "4, 5", "torch.eye(4)[:, :3].long()", "F.cross_entropy"),
            ("target_dtype", "nn.Linear(5, 3)", "4, 5", "torch.ones(4)", "F.cross_entropy"),
            ("spatial_target_rank", "nn.Conv2d(3, 5, 1)", "2, 3, 6, 6", "torch.ones(2, 1, 6, 6).long()", "F.nll_loss"),
            ("spatial_target_size", "nn.Conv2d(3, 5, 1)", "2, 3, 6, 6", "torch.ones(2, 9, 9).long()", "F.nll_loss"),
            ("probability_range", "nn.Identity()", "4", "torch.tensor([0.0, 1, 255, 0])", "F.binary_cross_entropy"),
        ]
    ),
    # Layers
    Program("conv_rank", "layer = nn.Conv2d(1, 8, 3)\nx = torch.ones(8, 8)\nresult = layer(x)", "x layer.weight"),
    Program("conv_rank", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(2, 4, 3, 8, 8)\nresult = layer(x)", "x"),
    Program("norm_rank", "layer = nn.BatchNorm2d(3)\nx = torch.ones(2, 3)\nresult = layer(x)", "x layer.weight"),
    Program(
        "norm_rank",
        "model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))\nx = torch.ones(3, 9, 9)\nresult = model(x)",
        "x 1.weight",
    ),
    Program("norm_rank", "layer = nn.BatchNorm1d(3)\nx = torch.ones(2, 3, 4, 5)\nresult = layer(x)", "x"),
    Program("pool_rank", "layer = nn.MaxPool2d(2)\nx = torch.ones(4, 4)\nresult = layer(x)", "x"),
    Program(
        "conv_channels", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(1, 1, 8, 8)\nresult = layer(x)", "x layer.weight"
    ),
    Program("conv_channels", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(1, 8, 8, 3)\nresult = layer(x)", "x"),
    Program("conv_channels", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(2, 4, 8, 8)\nresult = layer(x)", "x"),
    Program("conv_channels", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(4, 8, 8)\nresult = layer(x)", "x"),
    Program("conv_channels", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(1, 8, 8)\nresult = layer(x)", "x"),
    Program("conv_channels", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(8, 9, 3)\nresult = layer(x)", "x"),
    Program("conv_channels", "layer = nn.Conv2d(1, 8, 3)\nx = torch.ones(32, 9, 9)\nresult = layer(x)", "x"),
    Program(
        "conv_channels",
        "model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(16, 4, 3))\nx = torch.ones(1, 3, 8, 8)\n"
        "result = model(x)",
        "x 2.weight",
    ),
    Program(
        "norm_channels", "layer = nn.BatchNorm2d(3)\nx = torch.ones(2, 4, 5, 5)\nresult = layer(x)", "x layer.weight"
    ),
    Program("norm_channels", "layer = nn.BatchNorm1d(3)\nx = torch.ones(2, 4, 3)\nresult = layer(x)", "x"),
    Program("norm_single", "layer = nn.BatchNorm1d(3)\nx = torch.ones(1, 3)\nresult = layer(x)", "x"),
    Program("norm_single", "layer = nn.GroupNorm(3, 3)\nx = torch.ones(1, 3)\nresult = layer(x)", "x"),
    Program(
        "norm_single",
        "model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))\nloader = torch.utils.data.DataLoader("
        "torch.ones(5, 3), batch_size=2)\nfor x in loader:\n    result = model(x)",
        "x",
    ),
    Program(
        "norm_single",
        "layer = nn.BatchNorm1d(3, track_running_stats=False)\nx = torch.ones(1, 3)\nresult = layer(x)",
        "x",
        fixes=False,
    ),
    Program("norm_shape", "layer = nn.LayerNorm(3)\nx = torch.ones(2, 4)\nresult = layer(x)", "x layer.weight"),
    Program("norm_shape", "layer = nn.LayerNorm(3)\nx = torch.ones(2, 3, 4)\nresult = layer(x)", "x"),
    Program("groups", "result = nn.GroupNorm(2, 3)", since=(2, 10)),
    Program("groups", "layer = nn.GroupNorm(2, 4)\nx = torch.ones(1, 3, 2, 2)\nresult = layer(x)", "x"),
    Program(
        "kernel_size", "layer = nn.Conv2d(3, 8, 5)\nx = torch.ones(1, 3, 4, 4)\nresult = layer(x)", "x layer.weight"
    ),
    Program("pool_size", "layer = nn.MaxPool2d(4)\nx = torch.ones(1, 1, 2, 2)\nresult = layer(x)", "x"),
    Program("recurrent_features", "layer = nn.LSTM(3, 4)\nx = torch.ones(5, 2, 7)\nresult = layer(x)", "x"),
    Program(
        "attention_features",
        "layer = nn.MultiheadAttention(8, 2)\nx = torch.ones(5, 2, 6)\nresult = layer(x, x, x)",
        "x",
    ),
    Program(
        "recurrent_state",
        "layer = nn.RNN(3, 4)\nx = torch.ones(5, 2, 3)\nstate = torch.zeros(2, 1, 4)\nresult = layer(x, state)",
        "x state",
    ),
    Program("recurrent_rank", "layer = nn.LSTM(1, 4)\nx = torch.ones(5)\nresult = layer(x)", "x"),
    # Dtypes
    Program("matmul_dtype", "a = torch.ones(2, 3)\nb = torch.ones(3, 2).double()\nresult = a @ b", "a b"),
    Program("matmul_dtype", "a = torch.ones(3).double()\nb = torch.ones(3)\nresult = a @ b", "a b"),
    Program(
        "matmul_dtype", "layer = nn.Linear(3, 2)\nx = torch.ones(2, 3).long()\nresult = layer(x)", "x layer.weight"
    ),
    Program(
        "matmul_dtype", "layer = nn.Linear(3, 2)\nx = torch.ones(2, 3).double()\nresult = layer(x)", "x layer.weight"
    ),
    Program("matmul_dtype|scalar_type", "a = torch.ones(2, 3)\nb = torch.ones(3).double()\nresult = a @ b", "a b"),
    Program("matmul_dtype", "a = torch.ones(2)\nb = torch.ones(2, 3).double()\nresult = a @ b", "a b"),
    Program(
        "norm_dtype", "layer = nn.LayerNorm(3)\nx = torch.ones(2, 3).double()\nresult = layer(x)", "x layer.weight"
    ),
    Program(
        "norm_dtype", "layer = nn.BatchNorm1d(3)\nx = torch.ones(2, 3).double()\nresult = layer(x)", "x layer.weight"
    ),
    Program("lookup_dtype", "x = torch.ones(2)\nresult = F.one_hot(x)", "x"),
    Program("target_dtype", "x = torch.ones(3, 5)\ny = torch.zeros(3)\nresult = F.cross_entropy(x, y)", "x y"),
    Program(
        "target_dtype",
        "loss = nn.NLLLoss()\nx = torch.ones(3, 5)\ny = torch.zeros(3).int()\nresult = loss(x, y)",
        "x y",
    ),
    Program("scalar_type", "x = torch.ones(3)\ny = torch.ones(3).long()\nresult = F.binary_cross_entropy(x, y)", "x y"),
    Program("scalar_type", "x = torch.zeros(3)\ni = torch.tensor([0])\ny = torch.ones(1).double()\nx[i] = y", "x y"),
    Program(
        "scalar_type",
        "x = torch.zeros(3)\ni = torch.tensor([0])\ny = torch.ones(1).double()\nresult = x.index_add(0, i, y)",
        "x i y",
    ),
    Program(
        "scalar_type",
        "q, k = torch.ones(1, 2, 3, 4).double(), torch.ones(1, 2, 3, 4)\n"
        "result = F.scaled_dot_product_attention(q, k, k)",
        "q k",
    ),
    Program(
        "scalar_type",
        "x = torch.zeros(2)\nmask = torch.ones(2).bool()\ny = torch.ones(2).double()\n"
        "result = x.masked_scatter(mask, y)",
        "x mask y",
    ),
    Program("input_dtype", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(1, 3, 8, 8).double()\nresult = layer(x)", "x"),
    Program("input_dtype", "layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(1, 3, 8, 8).byte()\nresult = layer(x)", "x"),
    Program("lookup_dtype", "table = nn.Embedding(3, 2)\nx = torch.ones(2)\nresult = table(x)", "x table.weight"),
    Program("cast", "a = torch.ones(3).int()\na += 1.5", "a"),
    Program("cast", "a = torch.ones(3).long()\nresult = a.div_(2)", "a"),
    Program(
        "cast", "x = torch.ones(3)\ny = torch.ones(3).long()\nresult = F.binary_cross_entropy_with_logits(x, y)", "x y"
    ),
    Program("grad_dtype", "result = torch.tensor([1, 2], requires_grad=True)"),
    Program("cast", "x = torch.ones(3).long()\nresult = F.dropout(x)", "x"),
    Program("grad_dtype", "result = nn.Parameter(torch.tensor([1, 2]))"),
    Program("grad_dtype", "result = torch.arange(3, requires_grad=True)"),
    Program("grad_dtype", "x = torch.ones(3).long()\nresult = x.requires_grad_()", "x"),
    Program("mean_dtype", "x = torch.ones(3).long()\nresult = x.mean()", "x"),
    Program("mean_dtype", "x = torch.ones(3).long()\nresult = torch.std(x)", "x"),
    Program("mean_dtype", "x = torch.ones(3)\ny = torch.ones(3)\nresult = (x == y).mean()", "x y"),
    Program("mean_dtype", "x = torch.ones(3).long()\nresult = x.norm()", "x"),
    Program("not_implemented", "x = torch.ones(3).long()\nresult = x.softmax(0)", "x"),
    Program("not_implemented", "x = torch.ones(3)\ny = torch.ones(3).bool()\nresult = x & y", "x y"),
    Program("bool_minus", "a = torch.ones(3).bool()\nresult = -a", "a"),
    Program("bool_minus", "a = torch.ones(3).bool()\nresult = 1 - a", "a"),
    Program("bool_minus", "a = torch.ones(3)\nb = torch.ones(3).bool()\nresult = a - b", "a b"),
    Program("bool_minus", "a = torch.ones(3).bool()\nresult = a - 1", "a"),
    Program("bool_minus", "a = torch.ones(3).bool()\nb = torch.ones(3).bool()\nresult = a - b", "a b"),
    # Devices
    Program("same_device", "a = torch.ones(2)\nb = torch.ones(2, device='meta')\nresult = b + a", "a b"),
    Program(
        "same_device",
        "layer = nn.Linear(2, 2, device='meta')\nx = torch.ones(2, 2)\nresult = layer(x)",
        "x layer.weight",
    ),
    Program("numpy_device", "x = torch.ones(2, device='meta')\nresult = x.numpy()", "x"),
    Program("meta_copy", "x = torch.ones(2, device='meta')\nresult = x.cpu()", "x"),
    Program("meta_copy", "layer = nn.Linear(2, 2, device='meta')\nresult = layer.to('cpu')"),
    Program("gpu_memory", RAISED.format(error=f"torch.OutOfMemoryError({OUT_OF_MEMORY!r})"), fixes=False),
    Program("memory", "result = torch.ones(10**15)"),
    Program(
        "device_assert",
        RAISED.format(error='RuntimeError("CUDA error: device-side assert triggered\\nCUDA kernel errors might be")'),
        fixes=False,
    ),
    Program("map_location", "import reproduced_file\nresult = torch.load(reproduced_file.on_a_gpu())", since=(2, 6)),
    # Autograd
    Program("no_graph", "x = torch.ones(3)\nz = x * 2\ny = z.sum()\ny.backward()", "y"),
    Program("no_graph", "x = torch.ones(3)\ny = (x * 2).sum()\nresult = torch.autograd.grad(y, [x])", "y x"),
    Program(
        "no_graph",
        "import warnings\nfrom torch.utils.checkpoint import checkpoint\nwarnings.simplefilter('ignore')\n"
        "model = nn.Linear(3, 2)\nx = torch.ones(1, 3)\nx = checkpoint(model, x, use_reentrant=True)\n"
        "y = x.sum()\ny.backward()",
        "y",
    ),
    Program(
        "backward_twice",
        "x = torch.ones(3, requires_grad=True)\ny = (x**2).sum()\ny.backward()\nz = 1\ny.backward()",
        "y",
    ),
    Program("scalar_output", "x = torch.ones(3, requires_grad=True)\ny = x * 2\ny.backward()", "y"),
    Program(
        "unused_input",
        "x = torch.ones(3, requires_grad=True)\nz = torch.ones(3, requires_grad=True)\ny = (x * 2).sum()\n"
        "result = torch.autograd.grad(y, [x, z])",
        "x z y",
    ),
    Program(
        "input_no_grad",
        "x = torch.ones(3, requires_grad=True)\nz = torch.ones(3)\ny = (x * z).sum()\n"
        "result = torch.autograd.grad(y, [x, z])",
        "x z y",
    ),
    Program("grad_shape", "x = torch.ones(3, requires_grad=True)\ny = x * 2\ng = torch.ones(4)\ny.backward(g)", "y g"),
    Program("numpy_grad", "x = torch.ones(3, requires_grad=True)\nresult = x.numpy()", "x"),
    Program(
        "deepcopy", "import copy\nx = torch.ones(3, requires_grad=True)\ny = x * 2\nresult = copy.deepcopy(y)", "y"
    ),
    Program("requires_grad_flag", "x = torch.ones(3, requires_grad=True) * 2\nresult = x.requires_grad_(False)", "x"),
    Program("requires_grad_flag", "x = torch.ones(3, requires_grad=True) * 2\nx.requires_grad = False", "x"),
    Program(
        "optimizer_leaf",
        "x = torch.ones(3, requires_grad=True) * 2\nresult = torch.optim.SGD([x], lr=1)",
        "x",
    ),
    Program("no_parameters", "result = torch.optim.SGD([], lr=1)", fixes=False),
    Program(
        "nan",
        "x = torch.zeros(3, requires_grad=True)\nwith torch.autograd.set_detect_anomaly(True):\n"
        "    y = (x * 0).sum().sqrt()\n    (y * 0).backward()",
        "y",
        fixes=False,
    ),
    Program(
        "inference",
        "w = torch.ones(3, requires_grad=True)\nwith torch.inference_mode():\n    x = torch.ones(3)\nresult = x * w",
        "x w",
    ),
    Program(
        "changed_in_place", "x = torch.ones(3, requires_grad=True)\ny = x.exp()\ny += 1\nz = y.sum()\nz.backward()", "z"
    ),
    Program(
        "changed_in_place",
        "x = torch.ones(3, requires_grad=True)\ny = x.exp()\ny.mul_(2)\nz = y.sum()\nz.backward()",
        "z",
    ),
    Program(
        "changed_in_place",
        "x = torch.ones(3, requires_grad=True)\ny = x.exp()\ny[0] = 2\nz = y.sum()\nz.backward()",
        "z",
    ),
    Program("leaf_in_place", "x = torch.ones(3, requires_grad=True)\nx += 1", "x"),
    Program("leaf_in_place", "x = torch.ones(3, requires_grad=True)\nx[0] = 1", "x"),
    Program("leaf_in_place", "x = torch.ones(3, requires_grad=True)\nresult = x.mul_(2)", "x"),
    Program(
        "views_in_place",
        "x = torch.ones(3, 3, requires_grad=True) * 2\na, b, c = x.unbind(0)\na += 1",
        "a",
    ),
    Program("shared_memory", "x = torch.ones(3).expand(3, 3)\nresult = x.add_(1)", "x"),
    Program("shared_memory", "x = torch.ones(3).expand(3, 3)\nx += 1", "x"),
    # Models
    Program(
        "state_size",
        "model = nn.Linear(2, 3)\nstate = nn.Linear(2, 4).state_dict()\nresult = model.load_state_dict(state)",
    ),
    Program(
        "state_keys",
        "model = nn.Sequential(nn.Linear(2, 3))\n"
        "state = {f'0._orig_mod.{k}': v for k, v in model[0].state_dict().items()}\n"
        "result = model.load_state_dict(state)",
    ),
    Program(
        "state_keys",
        "model = nn.Linear(2, 3)\nstate = {'module.' + k: v for k, v in model.state_dict().items()}\n"
        "result = model.load_state_dict(state)",
    ),
    Program(
        "state_keys",
        "model = nn.Linear(2, 3)\nstate = {'weight': torch.ones(3, 2)}\nresult = model.load_state_dict(state)",
    ),
    Program(
        "state_keys",
        "model = nn.Linear(2, 3)\nstate = {'epoch': 3, 'model': model.state_dict()}\n"
        "result = model.load_state_dict(state)",
    ),
    Program(
        "state_keys",
        "model = nn.Linear(2, 3)\nstate = nn.DataParallel(nn.Sequential(model)).state_dict()\n"
        "result = model.load_state_dict(state)",
    ),
    Program(
        "state_size",
        "model = nn.Linear(2, 3)\nstate = {**nn.Linear(2, 4).state_dict(), 'scale': torch.ones(3)}\n"
        "result = model.load_state_dict(state)",
    ),
    Program(
        "weights_only",
        "import reproduced_file\nresult = torch.load(reproduced_file.web_page())",
        fixes=False,
        since=(2, 6),
    ),
    Program("weights_only", "import reproduced_file\nresult = torch.load(reproduced_file.whole_model())", since=(2, 6)),
    # NumPy
    Program("numpy_broadcast", "a = np.ones((2, 3))\nb = np.ones(2)\nresult = a + b", "a b"),
    Program("numpy_broadcast", "a = np.ones((2, 3))\nb = np.ones((3, 2))\nresult = a * b", "a b"),
    Program("numpy_matmul", "a = np.ones((2, 3))\nb = np.ones((4, 3))\nresult = a @ b", "a b"),
    Program("numpy_matmul", "a = np.ones((2, 3))\nb = np.ones((2, 4))\nresult = np.dot(a, b)", "a b"),
    Program("numpy_stride", "a = np.ones(3)[::-1]\nresult = torch.from_numpy(a)", "a"),
    Program("numpy_object", "a = np.array(['1', '2'])\nresult = torch.from_numpy(a)", "a"),
    Program("ragged", "rows = [[1, 2], [3]]\nresult = torch.tensor(rows)"),
    Program("not_a_tensor", "a = np.ones(3)\nresult = torch.relu(a)", "a"),
]
# Which of these two is raised depends on how torch was built.
WITHOUT_CUDA = Program("no_cuda|no_driver", "x = torch.ones(2)\nresult = x.cuda()", "x")
WITHOUT_CUDA_BY_NAME = Program("no_cuda|no_driver", "result = torch.ones(2, device='cuda')")
