"""A cut is named where it is one."""

from trying import explained


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
