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


@pytest.mark.parametrize(
    "names",
    [
        ("gate_proj", "up_proj"),
        ("gate", "up"),
        ("w1", "w3"),
        ("wi_0", "wi_1"),
        ("fc1_g", "fc1_x"),
        ("linear", "linear_v"),
        ("gate_up_proj",),
        ("gate_and_up_proj",),
        ("w12",),
        ("fc1_gated",),
    ],
)
def test_names_of_gated_units_are_known_where_nothing_can_be_traced(names):
    for others in ((), ("other",)):
        unit = nn.Module()  # whose forward cannot be traced, as it has none
        for name in (*names, *others):
            unit.register_module(name, nn.Linear(4, 4))
        found = roles_of(nn.ModuleDict({"unit": unit, "head": nn.Linear(4, 4)}))
        roles = {name: str(found[layer]) for name, layer in unit.named_children()}
        assert {roles[name] for name in names} == {"factor of a gated unit (by its name)"}
        assert not {roles[name] for name in others} & {"factor of a gated unit (by its name)"}
        for missing in names if len(names) > 1 else ():
            half = nn.ModuleDict({"unit": nn.Module(), "head": nn.Linear(4, 4)})
            half["unit"].register_module(missing, nn.Linear(4, 4))
            assert str(roles_of(half)[half["unit"].get_submodule(missing)]) == "hidden"


class Branches(nn.Module):
    """The product of what two stacks of layers return."""

    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8))
        self.b = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8))
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.a(x) * self.b(x))


def test_of_stacks_that_are_multiplied_the_last_layers_are_factors():
    model = Branches()
    assert {path: str(roles_of(model)[model.get_submodule(path)]) for path in ("a.0", "a.2", "b.0", "b.2", "last")} == {
        "a.0": "hidden",
        "a.2": "factor of a gated unit (its output is multiplied)",
        "b.0": "hidden",
        "b.2": "factor of a gated unit (its output is multiplied)",
        "last": "output (registered last)",
    }


@pytest.mark.parametrize(
    "name", ["qkv", "to_qk", "in_attn", "query_key_value", "Wqkv", "kv_a_proj_with_mqa", "c_attn", "q_attn", "pack"]
)
def test_packed_projections_are_known_by_their_names(name):
    model = nn.ModuleDict({name: nn.Linear(4, 12), "head": nn.Linear(4, 4)})
    assert str(roles_of(model)[model[name]]) == "projection (by its name)"


def test_layers_inside_attention_and_recurrent_ones_are_projections():
    model = nn.ModuleDict({"attention": nn.MultiheadAttention(4, 2), "head": nn.Linear(4, 4)})
    assert str(roles_of(model)[model["attention"].out_proj]) == "projection (in MultiheadAttention)"


class Attention(nn.Module):
    def __init__(self, **others):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(8, 8) for _ in range(3))
        for name, layer in others.items():
            self.register_module(name, layer)
        self.out = nn.Linear(8, 8)


def stack(branch):
    """Return two blocks with a norm and a branch, and a head; and the roles of the layers of the first branch."""
    blocks = [nn.ModuleDict({"norm": nn.LayerNorm(8), "branch": branch()}) for _ in range(2)]
    for block in blocks:
        block.__class__ = type("Block", (nn.ModuleDict,), {})
    for block in blocks[1:]:
        block.__class__ = type(blocks[0])
    model = nn.ModuleDict({"blocks": nn.ModuleList(blocks), "head": nn.Linear(8, 5)})
    roles = roles_of(model)
    return {path: str(roles[layer]) for path, layer in blocks[0]["branch"].named_modules() if layer in roles}


CLOSES = ", closes one of 2 residual branches"


def test_what_closes_a_branch_of_attention_follows_queries_keys_and_values():
    roles = stack(Attention)
    assert {roles[name] for name in ("query", "key", "value")} == {"projection (by its name)"}
    assert roles["out"] == f"projection (follows queries, keys and values){CLOSES}"


@pytest.mark.parametrize("others", [{"mix": None}, {"gate_proj": None, "up_proj": None}])
def test_what_follows_other_layers_too_stays_what_it_was(others):
    roles = stack(lambda: Attention(**{name: nn.Linear(8, 8) for name in others}))
    assert roles["out"] == f"hidden{CLOSES}"


@pytest.mark.parametrize(
    ("branch", "closing"),
    [
        (lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8)), "2"),
        (lambda: nn.Sequential(nn.Linear(8, 9), nn.Linear(9, 9), nn.Sequential(nn.Linear(9, 8), nn.ReLU())), "2.0"),
        (lambda: nn.Sequential(nn.Linear(8, 9), nn.Linear(9, 9), nn.Linear(9, 9), nn.Linear(9, 8)), "3"),
        (lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 9)), None),  # of another width
        (lambda: nn.ModuleDict({"query": nn.Linear(8, 8), "key": nn.Linear(8, 8)}), None),
    ],
)
def test_the_last_layer_of_a_branch_closes_it_if_it_keeps_the_width(branch, closing):
    roles = stack(branch)
    assert [path for path, role in roles.items() if "closes" in role] == ([] if closing is None else [closing])
    assert closing is None or roles[closing] == f"hidden{CLOSES}"


class ThreeLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.a, self.b, self.c = nn.LayerNorm(8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)


def test_of_a_blocks_own_layers_the_last_one_closes_its_branch():
    model = nn.ModuleDict({"blocks": nn.ModuleList([ThreeLayers(), ThreeLayers()]), "head": nn.Linear(8, 5)})
    closing = {name for name, (_, residual) in named_roles(model).items() if residual}
    assert closing == {"blocks.0.c", "blocks.1.c"}


def test_what_reads_the_features_of_the_output_is_an_output_too():
    model = nn.ModuleDict({"body": nn.Linear(4, 8), "boxes": nn.Linear(8, 4), "classes": nn.Linear(8, 10)})
    roles = {name: str(roles_of(model)[layer]) for name, layer in model.items()}
    assert roles["classes"] == "output (registered last)"
    assert roles["boxes"] == "output (reads what the last one reads, and no later layer reads its outputs)"
    assert roles["body"] == "hidden"


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
