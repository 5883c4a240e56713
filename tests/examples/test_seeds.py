"""What is concluded from something trained does not hang on one seed: on the pages on papers, and on some questions."""

import re
import sys

import pytest
from places import ROOT
from programs import run

TRAINED = ("squeeze_loss", "zero_grad", "own_module")  # of the questions
PAGES = sorted(path for path in ROOT.glob("examples/*/*.py") if path.parent.name == "papers" or path.stem in TRAINED)
SEED = re.compile(r"manual_seed\(([^()]*)\)")


def with_other_seeds(script, shift):
    """Return the script with another number added to each of its seeds."""
    assert SEED.search(script)
    return SEED.sub(rf"manual_seed(\1 + {shift})", script)


def test_all_seeds_are_moved():
    script = "torch.manual_seed(0)\nfor seed in range(3):\n    torch.Generator().manual_seed(seed)\n"
    assert with_other_seeds(script, 7) == (
        "torch.manual_seed(0 + 7)\nfor seed in range(3):\n    torch.Generator().manual_seed(seed + 7)\n"
    )


def with_seeds_moved(script, folder, shift):
    """Run the script with other seeds, and return the ended process."""
    copy = folder / f"{shift}.py"
    copy.write_text(with_other_seeds(script, shift), "utf-8")
    one_thread = {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}  # each: as many run at once as there are cores
    return run([sys.executable, str(copy)], folder, **one_thread)


@pytest.mark.long
@pytest.mark.unit("ten seeds of {path.stem}", reads=["{path}"])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_holds_with_other_seeds(path, tmp_path):
    script, shifts = path.read_text("utf-8"), range(100, 1100, 100)
    runs = [with_seeds_moved(script, tmp_path, shift) for shift in shifts]  # the pages are tried side by side
    failed = {shift: done.stderr[-2000:] for shift, done in zip(shifts, runs, strict=True) if done.returncode}
    assert failed == {}
    assert len(runs) == 10
    assert {page.stem for page in PAGES} >= set(TRAINED)
