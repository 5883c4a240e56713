"""The explorers: what they say is what the library says, and readers can put in their own shapes."""

import itertools
import json
import random
import re
import subprocess
import sys

import pytest
from explored import as_data, opened_by_link, pages_loading
from looks import overflow, violations
from places import ROOT

from tensorglass import explain_broadcast

pytestmark = [pytest.mark.long, pytest.mark.site]

LOGIC = ROOT / "docs/_static/explorers/broadcast.js"
PAGE = "auto_examples/broadcasting/unsqueeze"
WITH_EXPLORER = [
    "index",
    PAGE,
    "auto_examples/broadcasting/none_indexing",
    "auto_examples/broadcasting/row_or_column",
    "explore",
]
SMALL = [shape for rank in range(4) for shape in itertools.product(range(4), repeat=rank)]
POOLS = [(1, 2, 3), (1, 2, 3, 4, 5, 7), (0, 1, 2), (1, 3, 32, 64, 224), (1, 1, 8), (1, 100_000, 3_000_000)]

# Of each case what the page says, in the words and the order of the library.
SAYS = """cases => cases.map(shapes => {
    const told = window.tensorglass.broadcast(shapes);
    return {
        ok: told.ok, result: told.result, error: told.error, elements: told.elements,
        fixes: told.fixes.map(fix => [fix.code, fix.result]),
        squeezes: told.squeezes.map(squeeze => [squeeze.code, squeeze.result]),
        summed: told.summedAxes,
        content: window.tensorglass.broadcastContent(told),
    };
})"""


def library_says(shapes):
    told = explain_broadcast(*shapes)
    return {
        "ok": told.ok,
        "result": told.result,
        "error": told.error,
        "elements": None if told.elements is None else float(told.elements),  # as JavaScript counts
        "fixes": [(fix.code, fix.result) for fix in told.fixes],
        "squeezes": [(squeeze.code, squeeze.result) for squeeze in told.squeezes],
        "summed": told.summed_axes,
        "content": [as_data(part) for part in told._content()],
    }


def random_shapes(draw):
    count, pool = draw.choice([1, 2, 2, 3, 3, 4]), draw.choice(POOLS)
    most = 5 if count < 4 else 3
    return [tuple(draw.choice(pool) for _ in range(draw.randint(0, most))) for _ in range(count)]


def differing(window, cases):
    """Return the cases of which the page says something else than the library."""
    said = window.evaluate(SAYS, cases)
    wanted = json.loads(json.dumps([library_says(case) for case in cases]))
    return [case for case, page, library in zip(cases, said, wanted, strict=True) if page != library]


def test_all_pairs_of_small_shapes_are_told_as_the_library_tells_them(logic):
    pairs = list(itertools.product(SMALL, repeat=2))
    assert len(pairs) == 7225
    assert differing(logic(), pairs) == []


def test_random_shapes_are_told_as_the_library_tells_them(logic):
    draw = random.Random(0)
    assert differing(logic(), [random_shapes(draw) for _ in range(5000)]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size !== 1));", "size > 1));"),  # a size of 0 is one like any other
        ("wanted.size > 1 ? null", "wanted.size > 2 ? null"),
        ("...Array(rank - shape.length).fill(1), ...shape]", "...shape, ...Array(rank - shape.length).fill(1)]"),
        ("pairs.findLastIndex", "pairs.findIndex"),
        ("total = sum", "total = shape"),
        ("([inserted, elements]) => [inserted, elements]", "([inserted, elements]) => [elements, inserted]"),
        ("[elements, inserted]).next", "[inserted, elements]).next"),
        ("compare(a.key, b.key) || compare(a.columns, b.columns)", "compare(a.key, b.key)"),
        ("if (sizes.size <= 1) yield", "yield"),
        ("column[i] && count > 0", "column[i]"),
        ("isNew ? 1 : sizes.shift()", "isNew ? 1 : sizes.pop()"),
        ("index.lastIndexOf(true) + 1", "index.length"),
        ("found.size === AT_MOST", "found.size === 3"),
        ("product(shape) < product(result)", "product(shape) <= product(result)"),
        ("product(squeeze.result) <= most", "product(squeeze.result) < most"),
        ("each.every((place)", "each.some((place)"),
        ('axis.roles[i] === "stretched" || ', ""),
        ("rest === divisor && tenths % 2n", "rest === divisor"),
        ("number === 1n ?", "number === 2n ?"),
    ],
)
def test_a_rule_that_is_broken_is_noticed(logic, old, new):
    draw = random.Random(1)
    cases = [*itertools.product(SMALL[:30], repeat=2), *(random_shapes(draw) for _ in range(300))]
    try:
        found = differing(logic(old, new), cases)
    except Exception as error:  # it does not even run
        found = [error]
    assert found != []


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("(3, 4) and (3,)", [[3, 4], [3]]),
        ("[3,4] [3]", [[3, 4], [3]]),
        ("3x4 + 3 x 1", [[3, 4], [3, 1]]),
        ("torch.Size([3, 4]), torch.Size([])", [[3, 4], []]),
        ("torch.zeros(3, 4) + torch.zeros(3)", [[3, 4], [3]]),
        ("() (3)", [[], [3]]),
        ("operands could not be broadcast together with shapes (3,) (3,4) ", [[3], [3, 4]]),
        ("a target size (torch.Size([4])) that is different to the input size (torch.Size([4, 1]))", [[4], [4, 1]]),
        ("output with shape [3, 1] doesn't match the broadcast shape [3, 3]", [[3, 1], [3, 3]]),
        ("The size of tensor a (4) must match the size of tensor b (3) at non-singleton dimension 1", []),
        ("", []),
        ("(3, -1)", []),
    ],
)
def test_shapes_are_read_as_people_write_them(logic, text, shapes):
    assert logic().evaluate("text => window.tensorglass.readShapes(text)", text) == shapes


# On a page


def report(window):
    return window.locator("form:has(#explored-shapes-shapes) + .tensorglass")


def as_text(window):
    return re.sub(r"\s+", " ", report(window).inner_text()).strip()


@pytest.mark.parametrize("page", WITH_EXPLORER)
def test_a_page_that_shows_how_shapes_broadcast_takes_others(explorer, page):
    window = explorer(page)
    field = window.get_by_label("Your own shapes")
    before = as_text(window)
    assert before.startswith(" and ".join(re.findall(r"\([^)]*\)", field.input_value())) + ":")
    field.fill("(7, 1) (7,)")
    assert as_text(window).startswith("(7, 1) and (7,): broadcast to (7, 7) (49 elements of torch.float32, 196 bytes)")
    assert "a.squeeze(1) + b" in as_text(window)
    field.press("Escape")
    assert as_text(window) == before  # what the script writes is what the library wrote
    assert window.wrong == []


def test_no_other_page_loads_it(built_site):
    loading = pages_loading(built_site, "broadcast_view.js")
    assert loading >= set(WITH_EXPLORER)
    assert {page.rpartition("/")[0] for page in loading} <= {"", "auto_examples/broadcasting", "howto"}


def test_what_is_wrong_is_told_and_the_last_table_stays(explorer):
    window = explorer()
    field, said = window.get_by_label("Your own shapes"), window.locator(".explorer-said")
    before = as_text(window)
    for text, sentence in {
        "(-1, 3)": "“-” is no part of a shape; sizes are whole numbers of 0 or more.",
        "(3, 4) (-1, 3)": "“-” is no part of a shape; sizes are whole numbers of 0 or more.",
        "(3, 4) [2, 1.5]": "“.” is no part of a shape; sizes are whole numbers of 0 or more.",
        "": "Write shapes such as (3, 4) and (3,), or paste a text that names them.",
        "nothing": "There is no shape in it; expected, for instance, (3, 4) and (3,).",
        "(1) (1) (1) (1) (1)": "5 shapes came; at most 4 are compared here.",
        "(1,1,1,1,1,1,1,1,1)": "A shape with 9 axes came; at most 8 are compared here.",
        "(99999999999999999999,)": "A size is larger than any tensor's.",
        "The size of tensor a (4) must match the size of tensor b (3) at": "This message names two sizes. Print both",
    }.items():
        field.fill(text)
        window.wait_for_function(
            "start => document.querySelector('.explorer-said').textContent.startsWith(start)", arg=sentence
        )
        assert field.get_attribute("aria-invalid") == "true"
        assert "outdated" in report(window).get_attribute("class")
        assert as_text(window) == before
        assert window.get_by_role("button", name="Copy as code").is_disabled()
    field.fill("(-1, 3)")
    caret = window.locator(".explorer-caret")
    assert caret.text_content() == "(-1, 3)\n ^"
    field.fill("(3, 4) (-1,)")
    assert caret.text_content() == "(3, 4) (-1,)\n        ^"
    field.fill("x.view(-1, 4) of (3, 4) (-a) (4,)")  # brackets of other kinds are words
    assert caret.is_hidden()
    field.fill("(3, 4) (4,)")
    assert caret.is_hidden()
    assert "outdated" not in report(window).get_attribute("class")
    assert field.get_attribute("aria-invalid") == "false"
    window.wait_for_function(
        "document.querySelector('.explorer-said').textContent.startsWith('(3, 4) and (4,): broad')"
    )
    assert said.get_attribute("role") == "status"


def test_predictions_and_targets_lead_to_the_page_about_losses(explorer):
    window = explorer()
    field, link = window.get_by_label("Your own shapes"), window.get_by_role("link", name="why squeeze is needed")
    for shapes in ("(8, 1) (8,)", "(8,) (8, 1)"):
        field.fill(shapes)
        assert link.get_attribute("href").endswith("/broadcasting/squeeze_loss.html")
    for shapes in ("(8, 1) (7,)", "(8, 1) (8, 1)", "(8,) (8,)", "(1, 1) (1,)", "(8, 1) (8,) (8,)", "(8, 2) (8,)"):
        field.fill(shapes)
        assert link.count() == 0
    field.fill("(8, 1) (8,)")
    link.click()
    window.wait_for_url(lambda url: url.endswith("/squeeze_loss.html"))


def test_a_click_takes_the_example_and_not_what_was_written(explorer):
    window = explorer()
    field = window.get_by_label("Your own shapes")
    field.click()
    window.keyboard.type("(5, 2) (2,)")
    assert field.input_value() == "(5, 2) (2,)"
    field.click()
    window.keyboard.press("End")
    window.keyboard.type(" (5, 1)")
    assert field.input_value() == "(5, 2) (2,) (5, 1)"


def test_a_link_leads_to_the_same_shapes(explorer, address):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    window.get_by_label("Your own shapes").fill("(5, 4) () (5,)")
    window.wait_for_url(lambda url: url.endswith("#shapes=(5,%204)%20()%20(5,)"))
    other = opened_by_link(window, explorer)
    assert as_text(other) == as_text(window)
    assert as_text(other).startswith("(5, 4) and () and (5,): do not broadcast")
    other.evaluate("location.hash = '#shapes=(2,) (3,)'")
    other.wait_for_function("document.querySelector('.explorer input').value === '(2,) (3,)'")
    other.go_back()
    other.wait_for_function("document.querySelector('.explorer input').value === '(5, 4) () (5,)'")


def test_what_is_copied_runs(explorer, tmp_path):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    for text, printed in {"(5, 4) () (5,)": "torch.Size([5, 4])", "(2, 1) (3,)": "torch.Size([2, 3])"}.items():
        window.get_by_label("Your own shapes").fill(text)
        window.get_by_role("button", name="Copy as code").click()
        window.get_by_role("button", name="Copied").wait_for()
        script = tmp_path / "copied.py"
        script.write_text(window.evaluate("navigator.clipboard.readText()"), "utf-8")
        run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        assert run.stdout.strip() == printed, run.stderr
        window.get_by_role("button", name="Copy as code").wait_for()


def test_it_is_used_by_keyboard_alone(explorer):
    window = explorer()
    field = window.get_by_label("Your own shapes")
    field.focus()
    window.keyboard.press("Control+A")
    window.keyboard.type("(2,) (3,)")
    assert as_text(window).startswith("(2,) and (3,): do not broadcast")
    window.keyboard.press("Enter")  # sends nothing
    window.keyboard.press("Tab")
    window.keyboard.press("Space")
    assert field.input_value() == "(64, 3, 32, 32) (3,)"
    assert as_text(window).startswith("(64, 3, 32, 32) and (3,): do not broadcast")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", ["(8, 1, 6, 1, 5, 4) (7, 1, 5, 2, 4)", "(-1,)"])
def test_it_is_accessible_and_fits(explorer, theme, width, text):
    window = explorer("index", width, theme)
    window.get_by_label("Your own shapes").fill(text)
    window.wait_for_function("document.querySelector('.explorer-said').textContent")
    assert overflow(window) <= 0
    assert violations(window) == []


def test_it_works_from_a_folder_and_on_paper(explorer, built_site):
    window = explorer("index", base=built_site.as_uri())
    window.get_by_label("Your own shapes").fill("(7, 1) (7,)")
    assert as_text(window).startswith("(7, 1) and (7,): broadcast to (7, 7)")
    window.emulate_media(media="print")
    assert not window.locator(".explorer").is_visible()
    assert report(window).is_visible()


def test_without_scripts_the_librarys_table_is_read(explorer):
    window = explorer(java_script_enabled=False)
    assert window.locator(".explorer").count() == 0
    assert window.locator(".tensorglass table").first.is_visible()
