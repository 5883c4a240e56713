"""What layers are taken for: in models of our own, written as people write them, where the right role is known."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorglass import initialize_
from tensorglass.initialization.roles import FACTOR, HIDDEN, OUTPUT, PROJECTION, roles_of


def named_roles(model):
    paths = {module: path for path, module in model.named_modules()}
    return {paths[layer]: (role.name, role.residual) for layer, role in roles_of(model).items()}


class Gated(nn.Module):
    """Two layers whose outputs are multiplied, with names that say nothing."""

    def __init__(self, width=32):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(width, 64), nn.Linear(width, 64), nn.Linear(64, width)

    def forward(self, x):
        return self.third(F.silu(self.first(x)) * self.second(x))


class Packed(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.both, self.back, self.how, self.glu = nn.Linear(32, 128), nn.Linear(64, 32), how, nn.GLU()

    def forward(self, x):
        h = self.both(x)
        if self.how == "chunk":
            gate, value = h.chunk(2, -1)
            return self.back(F.gelu(gate) * value)
        if self.how == "slices":
            return self.back(torch.sigmoid(h[..., :64]).mul(h[..., 64:]))
        return self.back(F.glu(h) if self.how == "glu" else self.glu(h))


class Swish(nn.Module):
    """An activation written as a product of a layer's output with a function of itself gates nothing."""

    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(32, 64), nn.Linear(64, 32)

    def forward(self, x):
        h = self.up(x)
        return self.down(h * torch.sigmoid(h))


class Untraceable(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = nn.Linear(32, 64), nn.Linear(32, 64), nn.Linear(64, 32)

    def forward(self, x):
        if x.sum() > 0:
            return x
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


def test_factors_are_found_by_the_product():
    roles = named_roles(nn.Sequential(Gated(), nn.Linear(32, 3)))
    assert {name for name, role in roles.items() if role[0] == FACTOR} == {"0.first", "0.second"}
    assert (roles["0.third"], roles["1"]) == ((HIDDEN, 0), (OUTPUT, 0))


@pytest.mark.parametrize("how", ["chunk", "slices", "glu", "module"])
def test_a_packed_gate_is_a_factor(how):
    roles = named_roles(nn.Sequential(Packed(how), nn.Linear(32, 3)))
    assert (roles["0.both"][0], roles["0.back"][0]) == (FACTOR, HIDDEN)


def test_an_activation_that_multiplies_is_no_gate():
    roles = named_roles(nn.Sequential(Swish(), nn.Linear(32, 3)))
    assert {role[0] for name, role in roles.items() if name != "1"} == {HIDDEN}


def test_where_nothing_can_be_traced_names_tell():
    model = nn.Sequential(Untraceable(), nn.Linear(32, 3))
    roles = roles_of(model)
    assert roles[model[0].gate_proj] == (FACTOR, "by its name", 0)
    assert roles[model[0].down_proj].name == HIDDEN


def test_gated_blocks_keep_the_second_moment():
    torch.manual_seed(0)
    model = nn.Sequential(*[Gated(128) for _ in range(6)])
    initialize_(model, F.silu)
    with torch.no_grad():
        assert 0.8 < model[0](torch.randn(2000, 128)).square().mean() < 1.25
        assert model(torch.randn(100, 128)).isfinite().all()


class Block(nn.Module):
    def __init__(self, norm, bare=False):
        super().__init__()
        self.norm, self.attention = norm, nn.MultiheadAttention(32, 2, batch_first=True)
        self.up, self.down, self.bare = nn.Linear(32, 64), nn.Linear(64, 32), bare

    def forward(self, x):
        h = self.norm(x)
        return x + self.down(F.relu(self.up(h)))


class Plain(nn.Module):
    """A residual block without norms, whose sum is seen in its forward."""

    def __init__(self, adds):
        super().__init__()
        self.up, self.down, self.adds = nn.Linear(32, 64), nn.Linear(64, 32), adds

    def forward(self, x):
        h = self.down(F.relu(self.up(x)))
        return x + h if self.adds else h


@pytest.mark.parametrize("number", [1, 3])
def test_closing_layers_are_counted_over_the_stack(number):
    blocks = nn.ModuleList([Block(nn.LayerNorm(32)) for _ in range(number)])
    roles = named_roles(nn.ModuleDict({"blocks": blocks, "head": nn.Linear(32, 5)}))
    assert roles["blocks.0.down"] == (HIDDEN, 2 * number)
    assert roles["blocks.0.attention.out_proj"] == (PROJECTION, 2 * number)
    assert roles["blocks.0.up"] == (HIDDEN, 0)
    assert roles["head"] == (OUTPUT, 0)


def test_without_norms_the_sum_tells():
    for adds, number in ((True, 4), (False, 0)):
        roles = named_roles(nn.Sequential(*[Plain(adds) for _ in range(4)], nn.Linear(32, 5)))
        assert {roles[f"{block}.down"] for block in range(4)} == {(HIDDEN, number)}


def test_batch_norm_undoes_any_scale():
    roles = named_roles(nn.Sequential(*[Block(nn.BatchNorm1d(32)) for _ in range(4)], nn.Linear(32, 5)))
    assert {residual for _, residual in roles.values()} == {0}


def test_the_residual_stream_keeps_its_size():
    torch.manual_seed(0)
    model = nn.Sequential(*[Plain(True) for _ in range(40)], nn.Linear(32, 5))
    report = initialize_(model, F.relu)
    with torch.no_grad():
        assert 1 < model[:40](torch.randn(500, 32)).square().mean() < 8
    assert report.parameters[2].how == f"kaiming, fan_in 64, times {40**-0.5:.4g}"
    initialize_(model, F.relu, residual_scale=1.0)
    with torch.no_grad():
        assert model[:40](torch.randn(500, 32)).square().mean() > 1e4


class Heads(nn.Module):
    def __init__(self, deep):
        super().__init__()
        self.body = nn.Linear(8, 64)
        self.policy = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 4)) if deep else nn.Linear(64, 4)
        self.value = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)) if deep else nn.Linear(64, 1)


@pytest.mark.parametrize("deep", [False, True])
def test_several_heads_are_outputs(deep):
    roles = named_roles(Heads(deep))
    outputs = {name for name, role in roles.items() if role[0] == OUTPUT}
    assert outputs == ({"policy.2", "value.2"} if deep else {"policy", "value"})
    stds = {each.name: each.std for each in initialize_(Heads(False), torch.tanh, last_gain=0.01).parameters}
    assert stds["policy.weight"] == stds["value.weight"] == pytest.approx(0.01 / 8)


def test_an_encoder_with_two_outputs_has_one_last_layer():
    model = nn.Module()
    model.encode, model.mean, model.spread = nn.Linear(40, 20), nn.Linear(20, 3), nn.Linear(20, 3)
    model.decode, model.out = nn.Linear(3, 20), nn.Linear(20, 40)
    assert [name for name, role in named_roles(model).items() if role[0] == OUTPUT] == ["out"]


def test_a_stack_without_a_head_has_no_output():
    roles = named_roles(nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 2, enable_nested_tensor=False))
    assert OUTPUT not in {role for role, _ in roles.values()}
    assert roles["layers.1.linear2"] == (HIDDEN, 4)


def test_one_name_of_attention_alone_tells_nothing():
    model = nn.ModuleDict({"body": nn.Linear(4, 4), "value": nn.Linear(4, 1)})
    assert named_roles(model)["value"] == (OUTPUT, 0)
    model = nn.ModuleDict(
        {"q": nn.Linear(4, 4), "k": nn.Linear(4, 4), "to_qkv": nn.Linear(4, 12), "o": nn.Linear(4, 4)}
    )
    assert [role for role, _ in named_roles(model).values()] == [PROJECTION] * 3 + [OUTPUT]
