"""Pasted messages: the page says of each what the library says of it, with the numbers of that message."""

import contextlib
import json
import random
import re
import subprocess
import sys

import pytest
from _ext.javascript.translator import Translator
from _ext.javascript.values import regex
from _ext.lists.catalogue_script import said, script
from _ext.lists.raised_errors import PROGRAMS
from explored import as_data, opened_by_link
from looks import overflow, violations
from made_messages import message
from places import ROOT

from tensorglass import explain_error
from tensorglass.errors.catalogue import ENTRIES
from tensorglass.errors.entry import Entry

pytestmark = [pytest.mark.long, pytest.mark.site]

EXPLORERS = ROOT / "docs/_static/explorers"
PAGE = "errors"
SENTENCE = "Target 7 is out of bounds."
OTHER_NUMBERS = 8  # times that each message is asked with other numbers
MADE = 12  # messages of each pattern
BEFORE = (
    "",
    "",
    "RuntimeError: ",
    "E       ValueError: ",
    "Traceback (most recent call last):\n  f()\n[rank3]: IndexError: ",
)

PASTED = [
    SENTENCE,
    f"  {SENTENCE} ",
    "",
    f"IndexError:{SENTENCE}",
    f"E       IndexError: {SENTENCE}\n",
    f"> IndexError: {SENTENCE}",
    f"`IndexError: {SENTENCE}",
    f"**IndexError: {SENTENCE}",
    f"[rank3]: IndexError: {SENTENCE}",
    f"\x1b[31mIndexError\x1b[0m: {SENTENCE}",
    f"2024-01-01 12:00:00,123 ERROR: IndexError: {SENTENCE}",
    f"Traceback (most recent call last):\n  File 'a.py', line 3\n    f()\nIndexError: {SENTENCE}",
    f"ValueError: first\n\nDuring handling of the above, another exception occurred:\n\nIndexError: {SENTENCE}",
    f"IndexError: {SENTENCE}\nValueError: the last one counts",
    f"KeyError: {SENTENCE}",
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB",
    "torch._C._LinAlgError: singular",
    "Note: a sentence with a colon",
    f"RuntimeError: first\r\nIndexError: {SENTENCE}\r\n",
    f"\u53d1\u751f\u5f02\u5e38: IndexError\n{SENTENCE}",
    "RuntimeError: expected scalar type Float but found \u53d1Half\u3002",
    'RuntimeError: Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "a", "b". \n\t'
    'Unexpected key(s) in state_dict: "module.a", "module.b". ',
    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 268435456 bytes",
    "operands could not be broadcast together with shapes (2,3) (2,3) (2,) ",
    f"{'x' * 30_000}{SENTENCE}",
    f"IndexError: {SENTENCE}" + "." * 200_000,
    "IndexError: " + SENTENCE + " " * 100 + "\n" * 300_000 + "ValueError: the end",
]

# Of each text what the page says, in the words and the order of the library.
SAYS = """texts => texts.map(text => {
    const told = window.tensorglass.explain(text);
    const fixes = told.fixes.map(fix => [fix.code, fix.result]);
    return {...told, fixes, content: window.tensorglass.explainContent(told)};
})"""


def library_says(text):
    told = explain_error(text)
    return {
        "known": told.known,
        "kind": told.kind,
        "type": told.type,
        "message": told.message,
        "cause": told.cause,
        "fixes": [(fix.code, fix.result) for fix in told.fixes],
        "page": told.page,
        "content": [as_data(part) for part in list(told._content())[1:]],
    }


def told_by_library(texts):
    return json.loads(json.dumps([library_says(text) for text in texts]))


def differing(window, texts, wanted=None):
    """Return the texts of which the page says something else than the library."""
    pairs = zip(texts, window.evaluate(SAYS, texts), wanted or told_by_library(texts), strict=True)
    return [text for text, page, library in pairs if page != library]


@pytest.fixture(scope="module")
def catalogue():
    return script()


@pytest.fixture
def logic(browser, catalogue):
    """Open an empty window with the logic and the catalogue alone, as they are or with one place changed."""
    with contextlib.ExitStack() as windows:

        def load(old="", new=""):
            texts = [*((EXPLORERS / name).read_text("utf-8") for name in ("broadcast.js", "explain.js")), catalogue]
            assert any(old in text for text in texts[1:])
            window = windows.enter_context(contextlib.closing(browser.new_page()))
            for text in texts:
                window.add_script_tag(content=text if text is texts[0] else text.replace(old, new, 1))
            return window

        yield load


@pytest.fixture(scope="module")
def public_messages():
    """Messages as people paste them."""
    lines = (ROOT / PROGRAMS / "messages.txt").read_text("utf-8").splitlines()
    return [line.partition("\t")[2].replace("\\n", "\n") for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def raised_messages():
    """All messages of the programs that raise an error."""
    sys.path.append(str(ROOT / PROGRAMS))
    from reproductions import PROGRAMS as PROGRAMS_THAT_RAISE
    from trying import explained

    told = [explained(program.source) for program in PROGRAMS_THAT_RAISE]
    return [f"{each.type}: {each.message}" for each in told]


def made_messages(count, draw):
    return [
        draw.choice(BEFORE) + message(pattern, draw)
        for entry in ENTRIES
        for pattern in entry.regexes
        for _ in range(count)
    ]


def with_other_numbers(text, draw):
    """Return a message with other numbers, some of which are equal, or 0 or 1."""
    few = [draw.choice((0, 1, 2, 3, 4, 6, 12, 64, 784)) for _ in range(3)]
    return re.sub(r"(?<![\w.])\d+(?![\w.])", lambda _: str(draw.choice(few)), text)


def test_the_rules_of_all_entries_are_translated(catalogue):
    """What is not translated is told without its numbers: here stands which."""
    rows = re.findall(r'^  \["(\w+)", \[/.*\n(.*)', catalogue, re.MULTILINE)
    assert [kind for kind, _ in rows] == [entry.kind for entry in ENTRIES]
    assert [kind for kind, cause in rows if cause == "null,"] == []


# Puts an entry in front of the others.
WITH_ENTRY = """cause => {
    const own = window.tensorglassCatalogue;
    window.tensorglassCatalogue = ($) => {
        const made = own($);
        const rule = cause ? (c) => `It is ${c.text(cause)}.` : null;
        made.entries.unshift(["other", [/of bounds/u], "other.html", rule, [["a", "b"]]]);
        return made;
    };
}"""


def test_what_is_not_translated_is_told_without_numbers(logic):
    refused = Entry("other", ("other",), "f(x)", lambda case: eval(case.message))
    assert said(Translator({}), refused) == ("null", "[]")
    window = logic()
    window.evaluate(WITH_ENTRY, "")
    (told,) = window.evaluate(SAYS, [SENTENCE])
    assert told["cause"] == "This error is known; what is said of its numbers needs the library."
    assert (told["known"], told["kind"], told["fixes"], told["page"]) == (True, "other", [], "other.html")


def test_a_wording_with_fewer_numbers_than_its_rule_takes(logic):
    window = logic()
    window.evaluate(WITH_ENTRY, "number")
    (told,) = window.evaluate(SAYS, [SENTENCE])
    assert told["cause"] == "This error is known, but the message was cut off before what says why."
    assert told["fixes"] == []


def test_patterns_find_the_same_in_both_languages(browser):
    draw = random.Random(0)
    cases = [
        (
            regex(pattern.pattern),
            f"{draw.choice(BEFORE)}{message(pattern, draw)}{draw.choice(['', ' x', chr(0x8FD9), '3'])}",
        )
        for entry in ENTRIES
        for pattern in entry.regexes
        for _ in range(MADE)
    ]
    cases += [(pattern, other) for pattern, _ in cases[::MADE] for _, other in cases[:: 5 * MADE]]
    patterns = {regex(pattern.pattern): pattern for entry in ENTRIES for pattern in entry.regexes}
    with contextlib.closing(browser.new_page()) as window:
        found = window.evaluate(
            """cases => { const known = new Map(); return cases.map(([pattern, text]) => {
                if (!known.has(pattern)) known.set(pattern, eval(pattern));
                const found = known.get(pattern).exec(text);
                const parts = Object.entries(found?.groups ?? {}).map(([name, part]) => [name, part ?? null]);
                return found && [found[0], Object.fromEntries(parts)];
            }); }""",
            cases,
        )
    for (pattern, text), ours in zip(cases, found, strict=True):
        theirs = patterns[pattern].search(text)
        assert ours == (theirs and [theirs[0], theirs.groupdict()]), (pattern, text)


def test_public_messages_are_told_as_the_library_tells_them(logic, public_messages):
    draw = random.Random(0)
    others = [with_other_numbers(text, draw) for text in public_messages for _ in range(OTHER_NUMBERS)]
    assert len(public_messages) > 300
    assert differing(logic(), [*public_messages, *others]) == []


def test_raised_messages_are_told_as_the_library_tells_them(logic, raised_messages):
    draw = random.Random(0)
    others = [with_other_numbers(text, draw) for text in raised_messages for _ in range(OTHER_NUMBERS)]
    assert len(raised_messages) > 200
    assert differing(logic(), [*raised_messages, *others]) == []


def test_messages_of_all_wordings_are_told_as_the_library_tells_them(logic):
    texts = made_messages(MADE, random.Random(0))
    told = [explain_error(text) for text in texts]
    assert {each.kind for each in told} >= {entry.kind for entry in ENTRIES}
    assert differing(logic(), texts) == []


@pytest.mark.parametrize("pasted", PASTED)
def test_the_message_is_found_in_what_is_pasted(logic, pasted):
    assert differing(logic(), [pasted]) == []


def test_numbers_that_are_too_large_are_not_told_wrong(logic):
    texts = [
        "shape '[99999999999, 99999999999]' is invalid for input of size 3",
        "mat1 and mat2 shapes cannot be multiplied (99999999999999999999x3 and 4x5)",
    ]
    for told in logic().evaluate(SAYS, texts):
        assert told["known"]
        assert told["cause"] == "This error is known; a number in it is too large to be counted with here."


@pytest.fixture(scope="module")
def many(public_messages):
    """Return messages of all kinds, and what the library says of them."""
    texts = [*public_messages, *PASTED, *made_messages(4, random.Random(1))]
    return texts, told_by_library(texts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value.length === 1 ? `(${items},)`", "value.length === 0 ? `(${items},)`"),
        ("value instanceof List ? `[${items}]`", "false ? `[${items}]`"),
        ("a.length === b.length && ", ""),
        ("every((each, i) => same(each, b[i]))", "some((each, i) => same(each, b[i]))"),
        ("items.at(place) ?? fail()", "items.at(place)"),
        ("Object.hasOwn(items, place) ? items[place] : fail()", "fail()"),
        ('typeof items === "string") return items.includes(item)', 'typeof items === "string") return items === item'),
        ("if (isItems(value)) return value.length > 0", "if (isItems(value)) return true"),
        ("ends.length === 1 ? [0, ends[0], 1]", "ends.length === 1 ? [1, ends[0], 1]"),
        ("ends[2] ?? 1]", "1]"),
        ("letters.includes(rest.at(-1))", "false"),
        ("findIndex((letter) => !letters.includes(letter))", "findIndex(() => true)"),
        ("isMiddle ? 2 * Math.round", "false ? 2 * Math.round"),
        (r"(?=(\d{3})+$)", r"(?=(\d{4})+$)"),
        ("or: (value, other) => (truth(value) ? value : other())", "or: (value, other) => value"),
        ("b === 0 ? fail()", "b === 1 ? fail()"),
        ("((a % b) + b) % b)", "0)"),
        ("(total, each) => total + each, 0)", "(total, each) => total + each, 1)"),
        ("exact(total * each), 1)", "exact(total * each), 2)"),
        ("items.slice().reverse()", "items"),
        ("filter((each) => same(each, item)).length", "length"),
        ("Object.hasOwn(object, key) ? object[key] : other", "other"),
        ("found[found.length - 1])", "found[0])"),
        ("codes[(i - 1) / 2] ?? piece", "piece"),
        ("has: (name) => found[name] !== undefined", "has: () => true"),
        (r"match(/-?\d+/g)", r"match(/\d+/g)"),
        ("slice(-longestPaste)", "slice()"),
        ('.replace(colour, "")', ""),
        ("[...text.matchAll(head)].at(-1)", "[...text.matchAll(head)][0]"),
        ("last.groups.rest.length", "0"),
        ('.split(".").at(-1)', ""),
        ("if (never.includes(type)) return null;", ""),
        ("message.slice(0, longest)", "message"),
        ("for (const pattern of patterns)", "for (const pattern of patterns.slice(0, 1))"),
        ("error.message === TOO_LARGE ? TOO_LARGE : known().noNumbers", "TOO_LARGE"),
        ("[...new Map(fixes.map((fix) => [fix.code, fix])).values()].reverse()", "fixes"),
        ("text.length <= LONGEST_CODE ? text", "true ? text"),
        ("...(rows.length ? [table] : [])", "table"),
        # The catalogue
        ("(?<a>", "(?<b_>"),
        ("=== 1 ?", "=== 2 ?"),
        ("product = $.prod(", "product = $.sum("),
        ("a.T @ b", "a @ b.T"),
        ("size === 0", "size === 1"),
        ("longestPaste: 200000", "longestPaste: 2000000"),
        ("longest: 20000", "longest: 2000000"),
    ],
)
def test_a_rule_that_is_broken_is_noticed(logic, many, old, new):
    texts, wanted = many
    try:
        found = differing(logic(old, new), texts, wanted)
    except Exception as error:  # it does not even run
        found = [error]
    assert found != []


# On a page


MATMUL = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x784 and 128x10)"
CAUSE = "A product of 64 by 784 with 128 by 10 needs the last size of the left (784) to be the first matrix size of"
TRACEBACK = (
    f'Traceback (most recent call last):\n  File "/home/me/secret.py", line 3, in f\n    g()\nIndexError: {SENTENCE}'
)
STATE = "size mismatch for a.weight: copying a param with shape [2] from checkpoint, the shape in current model is [3]"
NUMPY = "ValueError: operands could not be broadcast together with shapes (2,3) (2,) "


def pasted(window, text):
    """Put a text into the field, and return what is said below, when it is said."""
    window.get_by_label("Paste your message").fill(text)
    window.wait_for_function("document.querySelector('#explained').innerText.trim()")
    return as_text(window)


def as_text(window):
    return re.sub(r"\s+", " ", window.locator("#explained").inner_text()).strip()


def test_a_pasted_message_is_answered(explorer):
    window = explorer()
    assert not window.locator("#explained").is_visible()
    assert window.get_by_role("button", name="Copy link").is_disabled()
    answer = pasted(window, MATMUL)
    assert answer.startswith(CAUSE)
    assert "nn.Linear(784, 10)" in answer
    assert "Put print(x.shape, x.dtype, x.device) before the line that failed" in answer
    window.wait_for_function("document.querySelector('.explorer-said').textContent.startsWith('A product of 64')")
    assert window.locator(".explorer-said").get_attribute("role") == "status"
    links = window.locator("#explained a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert links == ["./auto_examples/errors/mat1_and_mat2.html#short-answer", "#matmul"]
    assert window.wrong == []


def test_of_a_traceback_the_last_error_is_answered_and_kept(explorer):
    window = explorer()
    answer = pasted(window, TRACEBACK)
    assert answer.startswith("The number 7 stands in the target")
    assert f"Read in it: IndexError: {SENTENCE}" in answer
    assert window.url.endswith("#message=IndexError:%20Target%207%20is%20out%20of%20bounds.")  # and nothing of the rest
    assert "Read in it" not in pasted(window, f"IndexError: {SENTENCE}")


def test_code_in_a_sentence_is_code(explorer):
    window = explorer()
    pasted(window, "permute(): duplicate dims are not allowed")
    assert window.locator("#explained p:first-child code").inner_text() == "permute"
    window.wait_for_function("document.querySelector('.explorer-said').textContent.startsWith('permute wants each')")


def test_an_unknown_message_leads_to_the_search(explorer):
    window = explorer()
    answer = pasted(window, "RuntimeError: nobody & nothing")
    assert answer.startswith("This message is not in the catalogue. Look for it in the search")
    assert "Put print(x.shape" in answer
    window.get_by_role("link", name="Look for it in the search").click()
    window.wait_for_url(lambda url: url.endswith("/search.html?q=RuntimeError%3A%20nobody%20%26%20nothing"))
    assert window.locator("#search-words").input_value() == "RuntimeError: nobody & nothing"


def test_shapes_that_do_not_broadcast_lead_to_where_they_are_compared(explorer):
    window = explorer()
    pasted(window, NUMPY)
    window.get_by_role("link", name="Compare (2, 3) and (2,), axis by axis").click()
    window.wait_for_function("document.querySelector('.explorer input')?.value === '(2, 3) (2,)'")
    window = explorer()
    assert "axis by axis" not in pasted(window, MATMUL)


def test_a_link_leads_to_the_same_message(explorer):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    pasted(window, NUMPY)
    other = opened_by_link(window, explorer)
    other.wait_for_function("document.querySelector('#explained').innerText.includes('do not fit')")
    assert as_text(other).replace("Read in it: ", "") == as_text(window).replace("Read in it: ", "")
    other.evaluate(f"location.hash = '#message=' + encodeURIComponent({MATMUL!r})")
    other.wait_for_function("document.querySelector('#explained').innerText.includes('nn.Linear')")
    other.go_back()
    other.wait_for_function("document.querySelector('#explained').innerText.includes('do not fit')")
    other.get_by_role("link", name="its wordings").click()
    assert other.url.endswith("#numpy_broadcast")


def test_what_is_copied_runs(explorer, tmp_path):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    pasted(window, "ValueError: first \"one\"\nRuntimeError: shape '[4, 4]' is invalid for input of size 12\n\\n{x}")
    window.get_by_role("button", name="Copy as code").click()
    window.get_by_role("button", name="Copied").wait_for()
    file = tmp_path / "copied.py"
    file.write_text(window.evaluate("navigator.clipboard.readText()"), "utf-8")
    run = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False)
    assert "A shape (4, 4) has 16 elements, and the tensor has 12." in run.stdout, run.stderr


def test_it_is_used_by_keyboard_alone(explorer):
    window = explorer()
    window.get_by_label("Paste your message").focus()
    window.keyboard.type(TRACEBACK.replace("\n", "\n"))
    window.wait_for_function("document.querySelector('#explained').innerText.includes('The number 7')")
    window.keyboard.press("Tab")
    window.keyboard.press("Space")
    window.wait_for_function("document.querySelector('#explained').innerText.includes('nn.Linear(784, 10)')")
    window.keyboard.press("Shift+Tab")
    window.keyboard.press("Escape")
    assert window.get_by_label("Paste your message").input_value() == ""
    assert not window.locator("#explained").is_visible()
    assert window.get_by_role("button", name="Copy link").is_disabled()


def test_each_example_is_answered(explorer):
    window = explorer()
    for name in ("A product", "A view", "A traceback"):
        window.get_by_role("button", name=name).click()
        window.wait_for_function("document.querySelector('#explained td')")
        assert "not in the catalogue" not in as_text(window)


def test_the_page_answers_from_outside_and_keeps_an_address_that_is_not_its_own(explorer):
    window = explorer()
    assert window.evaluate("tensorglass.explain('IndexError: Target 7 is out of bounds.').kind") == "target_class"
    address = window.evaluate("location.hash = '#matmul'; location.href")
    window.get_by_label("Paste your message").focus()
    assert window.evaluate("location.href") == address  # nothing was put in


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(explorer, theme, width):
    window = explorer(PAGE, width, theme)
    pasted(window, f"Unknown before it\n{NUMPY}")
    window.wait_for_function("document.querySelector('.explorer-said').textContent")
    assert violations(window) == []


def test_it_fits_a_narrow_window(explorer):
    window = explorer(PAGE, 320)
    assert overflow(window) <= 0
    for text in (MATMUL, "nobody knows it", "x" * 200, f"{'x' * 200} {NUMPY}", STATE):
        pasted(window, text)
        assert overflow(window) <= 0


def test_on_a_phone_the_field_stands_on_the_first_screen(explorer):
    box = explorer(PAGE, 390).locator(".explorer textarea").bounding_box()
    assert box["y"] + box["height"] < 500


def test_it_works_from_a_folder_and_on_paper(explorer, built_site):
    window = explorer(base=built_site.as_uri())
    assert pasted(window, MATMUL).startswith(CAUSE)
    window.emulate_media(media="print")
    assert not window.locator(".explorer").is_visible()
    assert window.locator("#explained").is_visible()


def test_without_scripts_there_is_the_list_and_no_field(explorer):
    window = explorer(java_script_enabled=False)
    assert window.locator(".explorer").count() == 0
    assert not window.locator("#explained").is_visible()
    assert window.locator("dl.errors > dt").count() >= len(ENTRIES)


def test_the_site_has_the_catalogue_of_the_library(built_site, catalogue):
    sent = (built_site / "_static/explorers/catalogue.js").read_text("utf-8")
    without_indentation = [line.lstrip() for line in catalogue.splitlines()[1:]]  # and without the comment
    assert [line.lstrip() for line in sent.splitlines()] == without_indentation
    assert catalogue.startswith("// ")
