"""The twin of a page in Markdown says what the page says, and links to other twins."""

import json

import pytest
from _ext.publishing import notebooks
from _ext.publishing.twins import linked, markdown
from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
from sphinx_gallery.notebook import rst2md

FORMULA = r"\sigma_w^2 * \frac{1}{n} < a_b"


def drawn(tag, tex):
    text = tex.replace("<", "&lt;")
    return f'<{tag} class="formula" data-tex="{text}" aria-label="{text}"><svg><path d="M 5 0"/></svg></{tag}>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<h1>Title<a class="headerlink" href="#t">#</a></h1><h2>Part</h2><p>Text.</p>', "# Title\n\n## Part\n\nText."),
        (
            '<div class="highlight-Python notranslate"><div class="highlight"><pre>a = 1\n\n\nb_c = 2 * 3\n</pre></div>'
            "<button>Copy</button></div>",
            "```python\na = 1\n\n\nb_c = 2 * 3\n```",
        ),
        ('<div class="highlight-none"><pre>  3 * 4\n</pre></div>', "```\n  3 * 4\n```"),
        (
            "<table><caption>Axes</caption><thead><tr><th>axis</th><th>size</th></tr></thead>"
            "<tbody><tr><th>-1</th><td>4</td></tr></tbody></table>",
            "Axes\n\n| axis | size |\n| --- | --- |\n| -1 | 4 |",
        ),
        (f"<p>Let {drawn('span', FORMULA)} be.</p>", f"Let ${FORMULA}$ be."),
        (f"<p>So:</p>{drawn('div', FORMULA)}<p>Then.</p>", f"So:\n\n$${FORMULA}$$\n\nThen."),
        (
            "<details><summary>Solution</summary><p>It is 3.</p><ul><li>a</li></ul></details><p>End.</p>",
            "<details><summary>Solution</summary>\n\nIt is 3.\n\n- a\n\n</details>\n\nEnd.",
        ),
        ('<p><img src="a.svg" alt="Two boxes."></p>', "![Two boxes.](a.svg)"),
        (
            '<div class="figure" role="img" aria-label="Two boxes." data-src="a.svg"><svg><text>box</text></svg></div>',
            "![Two boxes.](a.svg)",
        ),
        ('<p><a href="b.py"><code>b.py</code></a> <a href="c.py">c.py</a></p>', "[`b.py`](b.py) [c.py](c.py)"),
        (
            '<dl><dt class="sig">f(<dl><dd>a: <a href="#x">int</a>,</dd> <dd>b: str = <em>"c"</em>,</dd></dl>) → bool'
            '<a class="headerlink" href="#f">#</a></dt><dd><p>Tell.</p></dd></dl>',
            '- `f(a: int, b: str = "c") → bool`\n\n  Tell.',
        ),
        (
            "<dl><dt>Outer</dt><dd><dl><dt>Inner</dt><dd><p>a</p></dd></dl></dd><dt>Other</dt><dd>b</dd></dl>",
            "- Outer\n\n  - Inner\n\n    a\n- Other\n\n  b",
        ),
        (
            "<table><thead><tr><th>c</th></tr></thead><tbody><tr><td><code>a = 1\nb</code></td></tr></tbody></table>",
            "| c |\n| --- |\n| `a = 1`<br>`b` |",
        ),
        ("<p>a</p><style>b</style><script>c</script><p>d</p>", "a\n\nd"),
    ],
)
def test_markdown(html, expected):
    assert markdown(html) == expected + "\n"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](b.html)", "[a](b.md)"),
        ("[a](../c/b.html#part)", "[a](../c/b.md#part)"),
        ('[a](b.html "A title")', '[a](b.md "A title")'),
        ("[a](https://example.org/b.html)", "[a](https://example.org/b.html)"),
        ("[a](#b.html)", "[a](#b.html)"),
        ("[a](b.py)", "[a](b.py)"),
        ("b.html", "b.html"),
    ],
)
def test_links_lead_from_twin_to_twin(link, expected):
    assert linked(link) == expected


def test_notebooks_have_formulas_between_dollars():
    aligned = "\\begin{aligned}\n    a &= b \\\\\n    c &= d\n    \\end{aligned}"
    gallery = rst2md(f"Let :math:`a_1` be, and\n\n.. math::\n\n    {aligned}\n\nso.", DEFAULT_GALLERY_CONF, ".", {})
    cell = {"cell_type": "markdown", "metadata": {}, "source": [gallery]}
    shown = "".join(notebooks.in_markdown(cell)["source"])
    assert shown == f"Let $a_1$ be, and\n\n$${aligned}$$\n\nso."
    cell["source"] = ["At most 2\\ :sup:`-24`, as in::\n", "\n", "    x[::2]\n"]
    assert "".join(notebooks.in_markdown(cell)["source"]) == "At most 2<sup>-24</sup>, as in:\n\n    x[::2]\n"
    code = {"cell_type": "code", "source": [r"'\begin{align}a\end{align}'"]}
    assert json.dumps(notebooks.in_markdown(code)) == json.dumps(code)


def test_rows_under_a_cell_of_several_rows_repeat_it():
    body = "<table><thead><tr><th>page</th><th>row</th></tr></thead><tbody><tr><td rowspan='2'>a</td><td>1</td></tr>"
    text = markdown(f"{body}<tr><td>2</td></tr><tr><td>b</td><td>3</td></tr></tbody></table>")
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["|", "a", "|", "1", "|"],
        ["|", "a", "|", "2", "|"],
        ["|", "b", "|", "3", "|"],
    ]


def test_solutions_of_notebooks_are_folded():
    source = ["### Exercise 1\n", "\n", "How many?\n", "\n", "#### Solution\n", "\n", "Two.\n"]
    task, heading, solution = notebooks.folded({"cell_type": "markdown", "metadata": {}, "source": source})
    assert "".join(task["source"]) == "### Exercise 1\n\nHow many?"
    assert heading == {
        "cell_type": "markdown",
        "metadata": {"jp-MarkdownHeadingCollapsed": True},
        "source": ["#### Solution"],
    }
    assert solution["source"] == ["Two."]
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# Why\n", "So.\n", "## More: all\n", "All."]}
    assert [(part["source"], bool(part["metadata"])) for part in notebooks.folded(text)] == [
        (["# Why\n", "So."], False),
        (["## More: all"], True),
        (["All."], False),
    ]
    code = {"cell_type": "code", "metadata": {}, "source": ["# Solution\n", "2"]}
    assert notebooks.folded(code) == [code]
