"""Functions of Python as JavaScript: what is translated gives the same in the browser, and all else is refused."""

import contextlib
import functools
import json
import math
import re
import types

import pytest
from _ext.javascript.translator import Translator
from _ext.javascript.values import Code, Open, Unsupported, written
from places import ROOT

pytestmark = [pytest.mark.long, pytest.mark.site]

EXPLAIN = ROOT / "docs/_static/explorers/explain.js"
ITEMS = [(), (1,), (1, 2), (2, 1, 5), (0, 3), (7, 0, 1, 1)]
CASES = [(n, items) for n in (0, 1, 2, 3, 5, 6, 10) for items in ITEMS]


class Given(Open):
    """Numbers that the browser knows, and a flag that Python knows."""

    def attribute(self, name):
        return False if name == "flag" else Code(f"c.{name}")


def branches(c):
    """Of the flag nothing is left."""
    if c.flag:
        return "never"
    if c.n > 2 and not (c.n in (5, 6) or c.flag):
        return f"more than {c.n - 1}"
    if c.n == 0:
        found = "nothing"
    elif c.n == 6:
        found = "six"
    else:
        found = ""
    if found:
        return found
    return ("one" if c.n == 1 else "some") + f" of {c.items}"


def loops(c):
    found = []
    total = 0
    for place, each in enumerate(c.items):
        if each == c.n:
            continue
        total += each * place
        found.append(each)
    return found, total


def swapped(c):
    a, b = c.n, len(c.items)
    before = a
    if a > b:
        a, b = b, a
    return a, b, before


def far(items):
    low, high = ends(items, 1)
    for each in items:
        if each > high * 2:
            return each, low
    return high, low


def ends(items, step):
    least, most = min(items), max(items)
    if step > 0:
        return least, most
    return most, least


def of_others(c):
    return far(c.items[:1] + c.items) if c.items else far((c.n, 1))


def made(c):
    pairs = [(i, str(each)) for i, each in enumerate(c.items) if each]
    return (
        pairs,
        {each + 1 for each in c.items} & {1, 2},
        {f"k{i}": each for i, each in enumerate(c.items)},
        sum(c.items),
    )


def crossed(c):
    rows = [a + b for a in c.items for b in c.items]
    return rows, all(a == b for a, b in zip(c.items, c.items[1:], strict=False)), any(each > 2 for each in c.items)


def texts(c):
    joined = " + ".join(map(str, c.items))
    return (
        joined.replace("1", "one").upper() if c.flag else joined.replace("1", "$&").lower(),
        joined.split(" + "),
        joined[:3],
    )


def formats(c):
    return f"{c.n * 1234567:,}", f"{c.n / 4:,.1f}", f"{c.n * 4567.25:,.1f}", f"`{list(c.items)}` ${{n}} \\"


def parts(c):
    return c.items[1:], c.items[:-1], c.items[::-1], tuple(c.items) + (1,) * c.n, [0] * c.n


def numbers(c):
    return (
        c.n // 2,
        -c.n % 3,
        c.n**2,
        math.prod(c.items),
        max(c.n, 2),
        c.n in c.items,
        (c.n,) in ((1,), (2,)),
        1 < c.n <= 3,
    )


def chosen(c):
    return c.items or "none", c.n and c.n + 1, next((each for each in c.items if each > 1), -1), {1: "a"}.get(c.n, "b")


def fails(c):
    first, second = c.items
    return ["a", "b", "c"][c.n] + str(first) + str(second)


def divides(c):
    return c.n % len(c.items), c.n / len(c.items), c.items[:1] == c.items


def fails_too(c):
    return c.items[-2], c.n % len(c.items), {1: 2, 2: 3}[c.n]


def generated(c):
    for each in c.items:
        if each > c.n:
            return
        yield each
    yield from ()
    if not c.n:
        yield "the end"


@pytest.fixture(scope="module")
def answers(browser):
    """Return what translated functions answer in the browser, None where they fail."""
    with contextlib.ExitStack() as windows:

        @functools.cache
        def opened(old, new):
            text = EXPLAIN.read_text("utf-8")
            assert old in text
            window = windows.enter_context(contextlib.closing(browser.new_page()))
            text = text.replace("window.tensorglass = {", "window.$ = $; window.tensorglass = {")
            window.add_script_tag(content=text.replace(old, new, 1))
            return window

        def answers(function, cases, old="", new=""):
            window, translator = opened(old, new), Translator({})
            code = written(translator.result(function, Given()))
            helpers = "\n".join(translator.functions.values())
            return window.evaluate(
                f"""cases => cases.map(([n, items]) => {{
                    {helpers}
                    const plain = (value) => value instanceof Set ? [...value].sort() :
                        Array.isArray(value) ? Array.from(value, plain) : value;
                    try {{
                        const answer = ({code})({{n, items: Object.freeze(items)}});
                        return plain(answer?.next ? [...answer] : answer);
                    }} catch {{
                        return null;
                    }}
                }})""",
                cases,
            )

        yield answers


def of_python(function, n, items):
    try:
        answer = function(types.SimpleNamespace(flag=False, n=n, items=items))
        return list(answer) if isinstance(answer, types.GeneratorType) else answer
    except (LookupError, ValueError, ArithmeticError):
        return None


def searched(c):
    text = f"{c.n} of {c.items}, then {c.n} of 7."
    first = re.search(r"(\d+) of \((\d+), (\d+)", text)
    pairs = re.findall(r"(\d+) of (\d+|\()", text)
    again = re.search(r"(?P<a>\d+) of .*then (?P=a) of", text)
    found = "yes" if again else "no"
    return first[2] if first else "none", pairs, found, text.removesuffix("7."), text.removesuffix("8")


NAMED = {"one": 1, "two": 2}


def named(c):
    found = [name for name in NAMED if NAMED[name] <= c.n]
    for name in NAMED:
        found.append(f"{name} {c.n}")
    return found, next((name for name in NAMED if NAMED[name] > c.n), None)


def lettered(c):
    return chr(65 + c.n)


def ordered(c):
    pairs = [(each % 3, f"{each}") for each in c.items]
    return sorted(c.items), sorted(pairs, reverse=True), sorted(pairs), sorted([c.items, (1,), (1, 2, 5), (0,)])


FUNCTIONS = [
    branches, loops, searched, named, lettered, ordered, swapped, of_others, made, crossed, texts, formats, parts,
    numbers, chosen, divides, fails, fails_too, generated,
]  # fmt: skip


def differing(answers, function, *change):
    wanted = [of_python(function, n, items) for n, items in CASES]
    return answers(function, CASES, *change) != json.loads(json.dumps(wanted, default=sorted))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_what_is_translated_gives_the_same(answers, function):
    assert not differing(answers, function)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(truth(value) ? other() : value)", "other()"),
        ("(truth(value) ? value : other())", "value"),
        ("Math.floor(a / b)", "a / b"),
        ("((a % b) + b) % b)", "a % b)"),
        ("a ** b", "a * b"),
        ("b === 0 ? fail() : by(a, b)", "by(a, b)"),
        ("items.length === count ? items : fail()", "items"),
        ("items.at(place) ?? fail()", "items.at(place)"),
        ("Object.hasOwn(items, place) ? items[place] : fail()", "items[place]"),
        ("isItems(items) ? items.some((each) => same(each, item))", "isItems(items) ? items.includes(item)"),
        ("a.length === b.length && ", ""),
        ("each, i) => [i, each]", "each, i) => [i + 1, each]"),
        ("if (strict && new Set", "if (new Set"),
        ("items.slice().reverse()", "items"),
        ("isMiddle ? 2 * Math.round(number * 5) / 10", "false ? 0"),
        ("filter((each) => b.has(each))", "filter(() => true)"),
        ("found.length > 2 ? found.slice(1)", "false ? found"),
        ("pattern.exec(text)", "null"),
        ("isReversed ? compared(b, a)", "isReversed ? compared(a, b)"),
        ("a < b ? -1", "a < b ? 1"),
        ("place < 0 ? a.length - b.length", "place < 0 ? 0"),
        ("text.slice(0, -suffix.length)", "text"),
    ],
)
def test_a_function_of_python_that_is_broken_is_noticed(answers, old, new):
    assert any(differing(answers, function, old, new) for function in FUNCTIONS)


def test_what_python_knows_is_not_written():
    assert "never" not in written(Translator({}).result(branches, Given()))


def repeated(c):
    while c.n:
        c.n -= 1


def attempted(c):
    try:
        return c.n
    except ValueError:
        return None


def unknown_method(c):
    return c.items.index(c.n)


def unknown_function(c):
    return bin(c.n)


def unknown_format(c):
    return f"{c.n:>8}"


def unpacked_call(c):
    return max(*c.items, c.n)


def stepped(c):
    return c.items[::2]


@pytest.mark.parametrize(
    "function",
    [repeated, attempted, unknown_method, unknown_function, unknown_format, unpacked_call, stepped],
    ids=lambda function: function.__name__,
)
def test_what_is_not_known_is_refused(function):
    with pytest.raises(Unsupported):
        Translator({}).result(function, Given())
