"""What a script says of its needs."""

import pytest
from _ext.sources.script_metadata import requirements


@pytest.mark.parametrize(
    ("script", "needed"),
    [
        ("x = 1\n", []),
        ('# /// script\n# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4"]\n# ///\n', []),
        (
            '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["scikit-learn>=1.7", "matplotlib"]\n'
            "# ///\nimport torch\n",
            ["scikit-learn", "matplotlib"],
        ),
    ],
)
def test_a_page_says_what_its_script_needs_beside_the_wheel(script, needed):
    assert requirements(script) == needed
