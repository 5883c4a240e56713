"""What would end an error, and spoil the training: it is not offered, or not first."""

import pytest
from trying import explained, run

from tensorglass import explain_error

# --- Another process on the GPU ---


def other_processes(*sizes, own="1.60 GiB"):
    told = " ".join(f"Process {4242 + i} has {size} memory in use." for i, size in enumerate(sizes))
    return explain_error(
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 23.65 "
        f"GiB of which 10.00 MiB is free. {told} Including non-PyTorch memory, this process has {own} memory in use. "
        "Of the allocated memory 1.10 GiB is allocated by PyTorch, and 50.00 MiB is reserved by PyTorch but "
        "unallocated."
    )


def test_another_process_that_holds_most_of_the_gpu_is_told_first():
    explanation = other_processes("900.00 MiB", "21.00 GiB")
    assert "20.00 MiB were asked for, and 10.00 MiB are free" in explanation.cause
    assert "process 4243 holds 21.00 GiB, process 4242 holds 900.00 MiB" in explanation.cause
    assert explanation.fixes[0].code == "nvidia-smi"
    assert "4243" in explanation.fixes[0].result
    assert not any("expandable_segments" in fix.code for fix in explanation.fixes)


@pytest.mark.parametrize(
    ("sizes", "own", "is_told"),
    [
        (("1.61 GiB",), "1.60 GiB", True),
        (("1.00 GiB", "1.00 GiB"), "1.60 GiB", True),
        (("1.60 GiB",), "1.60 GiB", False),
        (("900.00 MiB",), "1.60 GiB", False),
        ((), "1.60 GiB", False),
    ],
)
def test_it_is_told_where_it_holds_more_than_the_program(sizes, own, is_told):
    explanation = other_processes(*sizes, own=own)
    assert (explanation.fixes[0].code == "nvidia-smi") == is_told
    assert ("expandable_segments:True" in explanation.fixes[0].code) != is_told


# --- Classes and what stands for none ---


@pytest.mark.parametrize(
    ("classes", "targets", "codes"),
    [
        (3, "[0, -1, 2]", ["F.cross_entropy(x, y, ignore_index=-1)"]),
        (2, "[1, -1, 1]", ["F.cross_entropy(x, (y > 0).long())", "F.cross_entropy(x, y, ignore_index=-1)"]),
        (2, "[1, -2, 1]", ["F.cross_entropy(x, y, ignore_index=-2)"]),
        (3, "[0, 255, 2]", ["F.cross_entropy(x, y, ignore_index=255)"]),
        (3, "[1, 3, 2]", ["F.cross_entropy(x, y - 1)"]),
        (3, "[0, 254, 2]", []),
    ],
)
def test_a_class_is_not_left_out_of_training(classes, targets, codes):
    source = f"x = torch.ones(3, {classes})\ny = torch.tensor({targets})\n"
    explanation = explained(f"{source}result = F.cross_entropy(x, y)")
    assert [fix.code for fix in explanation.fixes] == codes
    for fix in explanation.fixes:
        assert run(f"{source}result = {fix.code}")["result"].isfinite()


# --- Steps between two backward passes ---


GAN = """generator, critic = nn.Linear(2, 2), nn.Linear(2, 1)
optimizer_of_critic = torch.optim.SGD(critic.parameters(), lr=0.1)
optimizer_of_generator = torch.optim.SGD(generator.parameters(), lr=0.1)
fake = generator(torch.ones(1, 2))
output = critic(fake)
output.sum().backward(retain_graph=True)
optimizer_of_critic.step()
loss = -output.sum()
loss.backward()
optimizer_of_generator.step()
"""


def test_the_loss_of_another_optimizer_is_computed_anew_after_the_step():
    """With both backward passes first, the parameters of the one would be trained on the loss of the other, too."""
    explanation = explained(GAN)
    assert explanation.kind == "changed_in_place"
    assert "`optimizer_of_critic.step()` in line 7 writes into the parameters" in explanation.cause
    assert [fix.code for fix in explanation.fixes] == ["output = model(x)"]
    assert "after `optimizer_of_critic.step()`" in explanation.fixes[0].result
    run(GAN.replace("loss = -output.sum()", "output = critic(fake)\nloss = -output.sum()"))


LOOP = """cell, encoder = nn.RNNCell(3, 4), nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4))
parameters = [*cell.parameters(), *encoder.parameters()]
optimizer = torch.optim.SGD(parameters, lr=0.1)
x = torch.ones(5, 3)
state = {state}
for _ in range(4):
    {new} = cell(x, {old})
    loss = {new}.square().mean()
    optimizer.zero_grad()
    loss.backward({options})
    optimizer.step()
"""


OPTIONS = pytest.mark.parametrize(
    ("options", "kind"), [("", "backward_twice"), ("retain_graph=True", "changed_in_place")], ids=["freed", "retained"]
)


@OPTIONS
def test_a_state_is_detached(options, kind):
    source = LOOP.format(state="torch.zeros(5, 4)", new="state", old="state", options=options)
    explanation = explained(source)
    assert explanation.kind == kind
    assert [fix.code for fix in explanation.fixes] == ["state = state.detach()"]
    run(source.replace("    optimizer.step()", "    optimizer.step()\n    state = state.detach()"))
    if options:
        assert "`optimizer.step()` in line 11, in the pass of the loop before, writes" in explanation.cause


@OPTIONS
def test_what_parameters_made_before_a_loop_is_not_detached(options, kind):
    """They would get no gradient any more."""
    source = LOOP.format(state="encoder(x)", new="found", old="state", options=options)
    explanation = explained(source)
    assert explanation.kind == kind
    assert [fix.code for fix in explanation.fixes] == ["state = encoder(x)"]
    assert "in the loop" in explanation.fixes[0].result
    inside = source.replace("state = encoder(x)\n", "").replace("in range(4):", "in range(4):\n    state = encoder(x)")
    assert run(inside)["encoder"][0].weight.grad.count_nonzero() > 0


def test_a_checkpoint_with_an_input_that_requires_a_gradient_is_no_cut():
    source = (
        "import warnings\nfrom torch.utils.checkpoint import checkpoint\nwarnings.simplefilter('ignore')\n"
        "model = nn.Linear(3, 2)\nx = torch.ones(1, 3{})\nh = checkpoint(model, x, use_reentrant=True)\n"
        "y = h.detach().sum()\ny.backward()"
    )
    assert "`h.detach()` in line 7" in explained(source.format(", requires_grad=True")).cause
    assert explained(source.format(", requires_grad=True")).fixes == ()
    behind = explained(source.format("").replace("h.detach()", "h"))
    assert "`checkpoint(model, x, use_reentrant=True)` in line 6" in behind.cause
    assert [fix.code for fix in behind.fixes] == ["checkpoint(model, x, use_reentrant=False)"]


@pytest.mark.parametrize(
    ("input_type", "weight_type", "code"),
    [
        ("torch.FloatTensor", "torch.cuda.FloatTensor", "layer(x.to(layer.weight.device))"),
        ("torch.FloatTensor", "torch.cuda.HalfTensor", "layer(x.to(layer.weight))"),
        ("torch.cuda.DoubleTensor", "torch.cuda.FloatTensor", "layer(x.float())"),
        ("double", "float", "layer(x.float())"),
    ],
)
def test_device_and_dtype_of_a_convolution_are_told_apart(input_type, weight_type, code):
    explanation = explain_error(
        f"RuntimeError: Input type ({input_type}) and weight type ({weight_type}) should be the same"
    )
    assert [fix.code for fix in explanation.fixes] == [code]
    assert ("device" in explanation.cause) == (("cuda" in input_type) != ("cuda" in weight_type))
    assert ("dtype" in explanation.cause) == ("weight.device" not in code)
