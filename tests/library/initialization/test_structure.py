"""What a trace tells of a module's forward, and that tracing leaves no mark."""

import torch
from torch import nn

from tensorglass.initialization.structure import adds_its_input, factors, traced


class Marks(nn.Module):
    """A module whose forward writes attributes and draws random numbers."""

    def __init__(self):
        super().__init__()
        self.layer, self.calls, self.last = nn.Linear(4, 4), 0, None

    def forward(self, x):
        self.calls, self.last = self.calls + 1, x
        return self.layer(x) * torch.rand(1)


def test_tracing_leaves_no_mark():
    model = Marks()
    before = torch.get_rng_state()
    assert traced(model) is not None
    assert (model.calls, model.last) == (0, None)
    assert torch.equal(torch.get_rng_state(), before)


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_what_branches_tells_nothing():
    assert traced(Branching()) is None


class Sums(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.a, self.b, self.relu, self.how = nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU(), how

    def forward(self, x):
        return self.how(self, x)


def test_what_counts_as_a_sum_around_a_layer():
    cases = {
        "operator": (lambda m, x: x + m.a(x), True),
        "other order": (lambda m, x: m.a(x) + x, True),
        "function": (lambda m, x: torch.add(x, m.a(x)), True),
        "method": (lambda m, x: m.a(x).add(x), True),
        "method in place": (lambda m, x: m.a(x).add_(x), True),
        "through a function": (lambda m, x: x.relu() + m.b(m.a(x)).tanh(), True),
        "two branches": (lambda m, x: m.a(x) + m.b(x), False),
        "a number": (lambda m, x: m.a(x) + 1, False),
        "inputs alone": (lambda m, x: x + x.relu(), False),
        "product": (lambda m, x: x * m.a(x), False),
    }
    for name, (how, expected) in cases.items():
        assert adds_its_input(traced(Sums(how)), {"a", "b"}) == expected, name


def test_what_counts_as_a_product_of_layers():
    cases = {
        "operator": (lambda m, x: m.a(x) * m.b(x), {"a", "b"}),
        "function": (lambda m, x: torch.mul(m.a(x).relu(), m.b(x)), {"a", "b"}),
        "method": (lambda m, x: m.a(x).mul(m.b(x)), {"a", "b"}),
        "method in place": (lambda m, x: m.a(x).mul_(m.b(x)), {"a", "b"}),
        "other method": (lambda m, x: m.a(x).multiply(m.b(x)), {"a", "b"}),
        "through a module": (lambda m, x: m.relu(m.a(x)) * m.b(x), {"a", "b"}),
        "squared": (lambda m, x: (h := m.a(x)) * h, set()),
        "with an input": (lambda m, x: m.a(x) * x, set()),
        "with a number": (lambda m, x: 2 * m.a(x), set()),
        "with itself": (lambda m, x: (h := m.a(x)) * h.sigmoid(), set()),
        "one after the other": (lambda m, x: (h := m.a(x)) * m.b(h), {"a", "b"}),
        "sum": (lambda m, x: m.a(x) + m.b(x), set()),
        "halves": (lambda m, x: (h := m.a(x))[..., :2] * h[..., 2:], {"a"}),
        "unit": (lambda m, x: m.b(nn.functional.glu(m.a(x))), {"a"}),
    }
    for name, (how, expected) in cases.items():
        assert factors(traced(Sums(how)), {"a", "b"}) == expected, name
