"""A contraction as loops."""

from tensorglass import plan_einsum


def test_loops_by_letter():
    plan = plan_einsum("...i,ij,ii->...", (2, 3), (3, 1), (3, 3))
    assert plan.loops().splitlines() == [
        "import torch",
        "",
        "",
        "def contract(x0, x1, x2):",
        "    result = torch.zeros((2,), dtype=torch.float32, device=x0.device)",
        "    for dots0 in range(2):",
        "        for i in range(3):",
        "            for j in range(1):",
        "                result[dots0] += x0[dots0, i] * x1[i, j] * x2[i, i]",
        "    return result",
    ]
    assert "result[()] += x0[0] * x1[i]" in plan_einsum("i,i->", (1,), (3,)).loops()
