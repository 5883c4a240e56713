"""What the pages on papers conclude does not hang on one seed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAPERS = sorted(ROOT.glob("examples/papers/*.py"))
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


@pytest.mark.long
@pytest.mark.parametrize("shift", range(100, 1100, 100))
@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_a_paper_is_reproduced_with_other_seeds(path, shift, tmp_path):
    copy = tmp_path / path.name
    copy.write_text(with_other_seeds(path.read_text("utf-8"), shift), "utf-8")
    done = subprocess.run(
        [sys.executable, str(copy)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
