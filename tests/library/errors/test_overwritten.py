"""What would end an error and train on wrong gradients is not offered."""

import pytest
from trying import explained, run

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
