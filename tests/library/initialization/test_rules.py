"""The rules for rare roles; and all together: small models of transformers trained from our and their authors' start.

Data, optimizer and seeds are the same. Ours starts at the logarithm of the number of classes, and ends as low.
"""

import math
from statistics import mean

import pytest
import torch
import torch.nn.functional as F
from known_gains import double, how
from torch import nn

from tensorglass import initialize_, lsuv_
from tensorglass.initialization.embeddings import embedded, is_row, stream_size

WORDS, CLASSES, STEPS, SEEDS = 64, 10, 200, 3
DECODER = {"vocab_size": WORDS, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
GATED = {**DECODER, "intermediate_size": 128, "num_key_value_heads": 2}
# Kind of model, options of its configuration, and the activation.
MODELS = {
    "gpt2": (
        "GPT2LMHeadModel",
        {"vocab_size": WORDS, "n_positions": 32, "n_embd": 48, "n_layer": 2, "n_head": 4},
        F.gelu,
    ),
    "llama": ("LlamaForCausalLM", GATED, F.silu),
    "qwen2": ("Qwen2ForCausalLM", {**GATED, "tie_word_embeddings": True}, F.silu),
    "neox": ("GPTNeoXForCausalLM", {**DECODER, "intermediate_size": 96}, F.gelu),
    "vit": (
        "ViTForImageClassification",
        {
            "hidden_size": 48,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 16,
            "patch_size": 4,
            "num_channels": 1,
            "num_labels": CLASSES,
        },
        F.gelu,
    ),
}


def made(name, **more):
    transformers = pytest.importorskip("transformers")
    model, options, _ = MODELS[name]
    kind = getattr(transformers, model)
    return kind(kind.config_class(**{**options, **more}))


def sentences(generator):
    """Return sequences of a Markov chain, in which the next word depends on the last."""
    table = torch.softmax(3 * torch.randn(WORDS, WORDS, generator=torch.Generator().manual_seed(0)), -1)
    words = [torch.randint(WORDS, (12,), generator=generator)]
    while len(words) < 16:
        words.append(torch.multinomial(table[words[-1]], 1, generator=generator)[:, 0])
    return torch.stack(words, 1)


def loss_of(name, model, generator):
    if name == "vit":
        centres = torch.randn(CLASSES, 1, 16, 16, generator=torch.Generator().manual_seed(0))
        classes = torch.randint(CLASSES, (32,), generator=generator)
        images = centres[classes] / 2 + torch.randn(32, 1, 16, 16, generator=generator)
        return F.cross_entropy(model(pixel_values=images).logits, classes)
    words = sentences(generator)
    return F.cross_entropy(model(words).logits[:, :-1].flatten(0, 1), words[:, 1:].flatten())


def losses(name, seed, initialized):
    torch.manual_seed(seed)
    model = made(name)
    if initialized:
        assert initialize_(model, MODELS[name][2])
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(STEPS):
        loss = loss_of(name, model, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


class Scores(nn.Module):
    """Attention that names the size of its heads; `scaling` is what scores are multiplied by, if it is told."""

    def __init__(self, **told):
        super().__init__()
        self.key_value_proj_dim = 4
        self.q, self.k, self.relative_attention_bias = nn.Linear(16, 16), nn.Linear(16, 16), nn.Embedding(8, 2)
        vars(self).update(told)


@pytest.mark.parametrize(("told", "std"), [({}, 0.125), ({"scaling": 1.0}, 0.125), ({"scaling": 0.5}, 0.25)])
def test_queries_are_small_where_scores_are_not_divided(told, std):
    stds = {
        each.name: each.std for each in initialize_(nn.Sequential(Scores(**told), nn.Linear(4, 4)), double).parameters
    }
    assert (stds["0.q.weight"], stds["0.k.weight"]) == (std, 0.25)


def test_what_attention_does_not_divide_by_is_told():
    report = initialize_(nn.Sequential(Scores(), nn.Linear(4, 4)), double)
    assert how(report)["0.q.weight"] == "kaiming, fan_in 16, gain 1, divided by sqrt(4), which attention does not do"


def test_the_roles_of_projections_norms_and_rows_are_told():
    net = nn.ModuleDict({"attention": nn.MultiheadAttention(8, 2), "norm": nn.LayerNorm(8), "scores": Scores()})
    net.register_parameter("pos_embed", nn.Parameter(torch.ones(1, 4, 8)))
    roles = {each.name: each.role for each in initialize_(net, double).parameters}
    assert roles["attention.in_proj_weight"] == "projection (in MultiheadAttention)"
    assert roles["norm.weight"] == "norm"
    assert roles["pos_embed"] == "embedding (by its name)"
    assert roles["scores.relative_attention_bias.weight"] == "biases by position (by its name)"


def test_rows_named_biases_are_no_rows():
    assert is_row("position_embeddings")
    assert not is_row("position_bias")


def test_the_stream_starts_as_small_as_tied_rows():
    tokens, others, head = nn.Embedding(50, 16), nn.Embedding(50, 4), nn.Linear(16, 50)
    net = nn.ModuleDict({"tokens": tokens, "others": others, "head": head})
    assert stream_size(net, embedded(net, 0.5, divides=False)) == 1
    head.weight = tokens.weight
    assert stream_size(net, embedded(net, 0.5, divides=False)) == 0.125


@pytest.mark.parametrize(("norm", "size"), [("embed_norm", 1), ("last_norm", 0.125)])
def test_a_norm_follows_the_rows_if_it_is_named_so(norm, size):
    net = nn.ModuleDict({"tokens": nn.Embedding(50, 16), norm: nn.LayerNorm(16), "head": nn.Linear(16, 50)})
    net["head"].weight = net["tokens"].weight
    assert stream_size(net, embedded(net, 0.5, divides=False)) == size


def test_a_table_of_biases_is_zero():
    model = nn.Sequential(Scores(), nn.Linear(4, 4))
    report = initialize_(model, double)
    assert how(report)["0.relative_attention_bias.weight"] == "zero"
    assert not model[0].relative_attention_bias.weight.any()
    stds = {
        each.name: each.std for each in initialize_(model, double, gains={"*.relative_attention_bias": 2}).parameters
    }
    assert stds["0.relative_attention_bias.weight"] == 2


def test_a_table_is_one_of_biases_by_its_own_name():
    model = nn.ModuleDict({"biases": nn.ModuleDict({"tokens": nn.Embedding(8, 2)})})
    assert how(initialize_(model, double))["biases.tokens.weight"] == "normal"


class Stream(nn.Module):
    """Tokens and positions, the blocks that are given, and a head that is tied to the tokens or not."""

    def __init__(self, tied, norm=None, **told):
        super().__init__()
        vars(self).update(told)
        self.rows = nn.ModuleDict({"tokens": nn.Embedding(30, 16), "positions": nn.Embedding(9, 16)})
        if norm is not None:
            self.rows[norm] = nn.LayerNorm(16)
        self.position_embeddings, self.cls_token = nn.Parameter(torch.ones(1, 9, 16)), nn.Parameter(torch.ones(16))
        self.other = nn.Embedding(5, 3)
        layer = nn.TransformerEncoderLayer(16, 2, 32)
        self.blocks, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(16, 30)
        if tied:
            self.head.weight = self.rows["tokens"].weight


@pytest.mark.parametrize(
    ("tied", "norm", "rows", "stream"),
    [(False, None, 1, 1), (True, None, 0.05, 0.05), (True, "norm", 0.05, 1), (True, "norm_of_embeddings", 0.05, 1)],
)
def test_branches_are_as_large_as_the_rows_that_the_stream_starts_with(tied, norm, rows, stream):
    found = {each.name: each for each in initialize_(Stream(tied, norm), double).parameters}
    assert (found["rows.tokens.weight"].std, found["rows.positions.weight"].std) == pytest.approx((rows, rows))
    assert found["rows.positions.weight"].role == ("embedding beside a tied one" if tied else "embedding")
    assert found["other.weight"].std == 1
    assert (found["position_embeddings"].std, found["cls_token"].std) == pytest.approx((stream, stream))
    assert found["blocks.layers.1.linear2.weight"].std == pytest.approx(stream * 0.5 / 32**0.5 / 2)
    assert found["blocks.layers.0.self_attn.out_proj.weight"].std == pytest.approx(stream / 4 / 2)
    assert found["blocks.layers.0.linear1.weight"].std == pytest.approx(0.125)  # a gain is found by iteration
    given = initialize_(Stream(tied, norm), double, gains={"cls_token": 0.5}).parameters
    assert {each.name: each.std for each in given}["cls_token"] == 0.5


def test_rows_are_larger_where_features_are_divided():
    class Configuration:
        scale_decoder_outputs = True

    found = {each.name: each.std for each in initialize_(Stream(True, config=Configuration()), double).parameters}
    assert found["rows.tokens.weight"] == 0.5


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_training_starts_at_chance_and_falls_as_fast_as_with_the_authors_initialization(name):
    ours, theirs = ([losses(name, seed, which) for seed in range(SEEDS)] for which in (True, False))
    chance = math.log(CLASSES if name == "vit" else WORDS)
    assert all(abs(each[0] / chance - 1) < 0.1 for each in ours)
    ends = [mean(mean(each[-20:]) for each in both) for both in (ours, theirs)]
    assert ends[0] <= ends[1] * 1.03  # the spread between seeds


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_lora_leaves_the_model_as_it_was():
    peft = pytest.importorskip("peft")
    words = sentences(torch.Generator().manual_seed(0))
    for options in ({}, {"use_dora": True}, {"modules_to_save": ["lm_head"]}):
        model = peft.get_peft_model(made("llama"), peft.LoraConfig(r=4, target_modules=["q_proj"], **options)).eval()
        with torch.no_grad():
            before = model(words).logits
            report = initialize_(model, F.silu)
            assert torch.equal(model(words).logits, before)
        assert not report
        assert "frozen" in str(report).splitlines()[0]


@pytest.mark.long
def test_lsuv_of_a_tied_model_scales_its_blocks():
    torch.manual_seed(0)
    model = made("gpt2")
    before = model.lm_head.weight.clone()
    words = sentences(torch.Generator().manual_seed(0))
    report = lsuv_(model, {"input_ids": words})
    assert report
    assert torch.equal(model.lm_head.weight, before)
    assert {layer.name for layer in report.layers if layer.status == "frozen"} == {"lm_head"}
