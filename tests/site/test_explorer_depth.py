"""The explorer of deep networks: it says what the library predicts, and its programs measure that."""

import functools
import itertools
import math
import random
import re
import subprocess
import sys

import pytest
import torch
from explored import pages_loading
from looks import overflow, violations
from places import ROOT
from torch import nn
from torch.nn import functional

from tensorglass import critical_sigma_w, gain, signal_propagation

pytestmark = [pytest.mark.long, pytest.mark.site]

LOGIC = ROOT / "docs/_static/explorers/depth.js"
PAGE = "explore_network"
ACTIVATIONS = {
    "linear": nn.Identity(),
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "selu": functional.selu,
    "elu": functional.elu,
    "softplus": functional.softplus,
}
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
CLOSE = 1e-7  # relative: some slopes are differences

# Each a network that some rule is about: activation, sigma_w, sigma_b, depth, width.
CHOSEN = [
    *((name, *sizes) for name in ACTIVATIONS for sizes in ((1.5, 0.1, 12, 64), (0.7, 0.0, 8, 256), (5.0, 0.5, 6, 16))),
    ("relu", 0.0, 0.0, 3, 8),  # nothing passes
    ("tanh", 0.0, 0.5, 3, 8),
    ("relu", 1e-6, 0.0, 60, 8),  # second moments become 0
    ("relu", 20.0, 0.0, 60, 64),  # and infinite
    ("silu", 20.0, 0.0, 60, 64),
    ("linear", 1.0, 0.0, 5, 1),
    ("relu", 2**0.5, 0.0, 30, 32),
    ("tanh", 1.0, 0.0, 20, 64),
    ("tanh", critical_sigma_w(torch.tanh, 0.3).sigma_w, 0.3, 9, 64),
    ("tanh", critical_sigma_w(torch.tanh, 0.3).sigma_w + 3e-6, 0.3, 9, 64),
    ("tanh", 20.0, 0.0, 4, 64),
    ("gelu", gain(functional.gelu), 0.0, 20, 128),
    ("silu", gain(functional.silu), 0.0, 20, 128),
    ("gelu", 5.0, 0.0, 5, 128),
    ("sigmoid", 12.0, 0.2, 10, 128),
    ("selu", 1.0, 0.0, 10, 128),
]


def random_network(draw):
    name = draw.choice(list(ACTIVATIONS))
    sigma_w = draw.choice([round(math.exp(draw.uniform(-3, 2.9)), 4), gain(ACTIVATIONS[name])])
    sigma_b = draw.choice([0.0, 0.05**0.5, round(draw.uniform(0, 1), 3), round(draw.uniform(0, 10), 2)])
    return name, sigma_w, sigma_b, draw.randint(1, 60), draw.choice([1, 16, 256, 1024])


# Of each network what the page says.
SAYS = """networks => networks.map(([name, sigmaW, sigmaB, depth, width]) => {
    const {propagation, critical, through, gain, propagationContent, criticalText} = window.tensorglass;
    const told = propagation(name, sigmaW, sigmaB), point = critical(name, sigmaB);
    const [said, table] = propagationContent(told);
    return {
        numbers: [told.fixedPoint, told.slope, told.chi, told.correlation, told.depthScale, point.sigmaW,
            point.fixedPoint, gain(name), ...through(name, sigmaW, sigmaB, depth, width).flatMap(
                ({moment, spread, gradient}) => [moment, spread, gradient])],
        words: [told.stable, told.phase, point.ok, point.reason, said, table.caption, ...table.header,
            ...table.rows.flat(), criticalText(point)],
    };
})"""


@functools.cache
def library_says(network):
    name, sigma_w, sigma_b, depth, width = network
    function = ACTIVATIONS[name]
    told, point = signal_propagation(function, sigma_w, sigma_b), critical_sigma_w(function, sigma_b)
    said, table = told._content()
    numbers = [told.fixed_point, told.slope, told.chi, told.correlation, told.depth_scale]
    numbers += [point.sigma_w, point.fixed_point, gain(function)]
    for layer in told.through(depth, width=width).layers:
        numbers += [layer.second_moment, layer.spread, layer.gradient]
    words = [told.stable, told.phase, point.ok, point.reason, said, table.caption, *table.header]
    return numbers, [*words, *itertools.chain(*table.rows), str(point)]


def differing(window, networks):
    """Return the networks of which the page says something else than the library."""
    return [
        network
        for network, page in zip(networks, window.evaluate(SAYS, networks), strict=True)
        if not same(page, *library_says(network))
    ]


def same(page, numbers, words):
    return page["words"] == words and all(
        first == second or (first is not None and second is not None and math.isclose(first, second, rel_tol=CLOSE))
        for first, second in zip(page["numbers"], numbers, strict=True)
    )


def test_chosen_networks_are_told_as_the_library_tells_them(logic):
    assert differing(logic(), CHOSEN) == []


def test_random_networks_are_told_as_the_library_tells_them(logic):
    draw = random.Random(0)
    networks = [random_network(draw) for _ in range(300)]
    assert {name for name, *_ in networks} == set(ACTIVATIONS)
    assert differing(logic(), networks) == []


def functions_differing(window):
    """Return the activations whose values or derivatives are not torch's."""
    x = torch.cat([torch.linspace(-40, 40, 1602), torch.tensor([-1e-9, 0, 1e-9])]).double().requires_grad_()
    found = []
    for name, function in ACTIVATIONS.items():
        y = function(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        page = window.evaluate(
            "([name, xs]) => xs.map(x => ['f', 'slope'].map(each => tensorglass.ACTIVATIONS[name][each](x)))",
            [name, x.tolist()],
        )
        wanted = torch.stack([y, slope], 1).detach()
        if not torch.allclose(torch.tensor(page, dtype=torch.float64), wanted, rtol=1e-9, atol=5e-12):
            found.append(name)
    return found


def test_functions_and_derivatives_are_torchs(logic):
    assert functions_differing(logic()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x > 0 ? 1 : 0)", "x >= 0 ? 1 : 0)"),  # at 0 itself, the derivative is autograd's
        ("x > 0 ? x : 0.01 * x", "x > 0 ? x : 0.1 * x"),
        ("x > 0 ? 1 : 0.01", "x > 0 ? 1 : 0.1"),
        ("1 - Math.tanh(x) ** 2", "1 - Math.tanh(x)"),
        ("logistic(x) * (1 - logistic(x)) }", "logistic(x) }"),
        ("below(x) + x * density(x)", "below(x)"),
        ("(1 + x * (1 - logistic(x)))", "(1 + x)"),
        ("1.6732632423543772", "1.6732"),
        ("SELU[0] * (x > 0 ? 1 : SELU[1] * Math.exp(x))", "SELU[0] * (x > 0 ? 1 : Math.exp(x))"),
        ("x > 0 ? x : Math.expm1(x)", "x > 0 ? x : Math.exp(x)"),
        ("SOFTPLUS_THRESHOLD = 20", "SOFTPLUS_THRESHOLD = 2"),
        ("sum = x, term = x", "sum = x, term = 1"),
        ("- h / 3 * (at * at - 1)", ""),
        ("NODES = 12", "NODES = 4"),
        ("HALVINGS = 40", "HALVINGS = 2"),
        ("REACH = 10", "REACH = 4"),
        ("second += LINE.weight[i] * square;", "second += LINE.weight[i] * value;"),
        ("fourth += LINE.weight[i] * square * square", "fourth += LINE.weight[i] * square"),
        ("counted(33, (i) => i / 2 - 8)", "counted(9, (i) => i / 2 - 2)"),
        ("LARGEST = 1e8", "LARGEST = 1e6"),
        ("SMALLEST = 1e-8", "SMALLEST = 1e-4"),
        ("EQUAL = 1e-9", "EQUAL = 1e-2"),
        ("SLOPE_STEP = 1e-4", "SLOPE_STEP = 1e-1"),
        ("this.moment(q) + this.sigmaB ** 2", "this.moment(q) + this.sigmaB"),
        ("return this.sigmaW ** 2 * kept", "return this.sigmaW * kept"),
        ("if (!direction) return 1;", "if (!direction) return 2;"),
        ("direction > 0 ? Infinity : 0", "direction < 0 ? Infinity : 0"),
        ("if ((of(middle) > 0) === rising) high", "if ((of(middle) > 0) !== rising) high"),
        ("if (following === 0) return [1, 0];", ""),
        ("if (slopeAtOne <= 1 + AT_ONE)", "if (slopeAtOne <= 1.1)"),
        ("return [1, slopeAtOne]", "return [1, 1]"),
        ("if (atZero <= ROUNDING) return [0, slope(0)];", ""),
        ("if (atHigh >= 0) return [1, 1];", ""),
        ("Math.max(1 - correlation ** 2, 0)", "(1 - correlation)"),
        ("map.sigmaW ** 2 * q * product", "map.sigmaW ** 2 * product"),
        ("if (last === side) below /= 2", "if (last === side) below = 0"),
        ("Math.abs(slope - 1) <= AT_ONE ? Infinity :", ""),
        ("-1 / Math.log(slope)", "1 / Math.log(slope)"),
        ("told.slope <= 1 + AT_ONE", "told.slope < 1"),
        ("Math.abs(told.chi - 1) <= AT_ONE", "told.chi === 1"),
        ('told.chi < 1 ? "ordered"', 'told.slope < 1 ? "ordered"'),
        ('fixedPoint === 0 ? "signals vanish" : ', ""),
        ("[sigmaW ** 2 + sigmaB ** 2], gradients", "[1], gradients"),
        ("i && exact[i - 1] >= OVERFLOW ? Infinity : moment", "moment"),
        ("Math.min(q, OVERFLOW)", "q"),
        ("moments.slice(0, -1).reverse()", "moments.slice(1).reverse()"),
        ("points.some(([at]) => at > OVERFLOW)", "false"),
        ("handedOn + map.sigmaW", "map.sigmaW"),
        ("map.moment(at, 4) - map.moment(at) ** 2", "map.moment(at, 4)"),
        ("map.sigmaW ** 4 * ofSquares / width", "map.sigmaW ** 4 * ofSquares"),
        ("(1 + spread / mean) ** 2)", "(1 + spread / mean))"),
        ("if (spread === 0) return [[mean, 1]];", ""),
        ("const none = (reason) => ({ ok: false", "const none = (reason) => ({ ok: true"),
        ("if (sigmaB) return none(", "if (false) return none("),
        ("Math.abs(growth(q) - 1) <= EQUAL", "false"),
        ("<= beside * (1 + EQUAL)", "< Infinity"),
        ("candidates.length ?", "!candidates.length ?"),
        ("sigmaB === 0 && Math.abs(excess(SMALLEST)) <= AT_ZERO", "false"),
        ("+ sigmaB ** 2 / q - 1", "- 1"),
        ("(excesses[i] > 0) !== (excesses[i + 1] > 0)", "excesses[i] > 0"),
        ("new VarianceMap(activation, 1, 0).moment(1))", "new VarianceMap(activation, 1, 0).chi(1))"),
        ("power < -4 ||", "power < -6 ||"),
        ("power >= digits", "power > digits"),
        (".padStart(2", ".padStart(1"),
        ('.replace(/(?<=\\d)0+$/, "")', ""),
        ("sigmaW.toFixed(4)", "sigmaW.toFixed(3)"),
        ("reason ? ` (${reason})` :", "false ? `` :"),
    ],
)
def test_a_rule_that_is_broken_is_noticed(logic, old, new):
    try:
        window = logic(old, new)
        found = functions_differing(window) + differing(window, CHOSEN)
    except Exception as error:  # it does not even run
        found = [error]
    assert found != []


def test_numbers_are_written_as_python_writes_them(logic):
    draw = random.Random(2)
    values = [draw.choice([1, -1]) * draw.randint(1, 10**6) / 2 ** draw.randint(0, 40) for _ in range(2000)]
    values += [0.0, 0.00012345, 99995.0, 9999.5, 1e16, 1e-300, 1.0625, 1.1875, 1234.5, 1235.5, 100.0]
    for digits in (3, 4, 5):
        written = logic().evaluate(
            "([values, digits]) => values.map(v => tensorglass.numberText(v, digits))", [values, digits]
        )
        assert written == [f"{value:.{digits}g}" for value in values]
    assert logic().evaluate("[Infinity, -Infinity].map(v => tensorglass.numberText(v))") == ["inf", "-inf"]


# What somebody types


OWN = {"activation": "relu", "sigma_w": "1", "sigma_b": "0", "depth": "50", "width": "256"}


def read(window, **texts):
    return window.evaluate("texts => tensorglass.readDepth(texts)", OWN | texts)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        (" 1e-3 ", 1e-3),
        (".5", 0.5),
        ("sqrt(2)", 2**0.5),
        ("√3*2", 2 * 3**0.5),
        ("sqrt( 2 * 3 )", 6**0.5),
        ("1/sqrt(3)", 3**-0.5),
        ("8/2/2", 2.0),
        ("gain", 2**0.5),
        ("3 * gain", 3 * 2**0.5),
        ("critical / 2", 2**-0.5),
        ("sqrt(gain)", 2**0.25),
        ("20", 20.0),
    ],
)
def test_sizes_are_read_as_people_write_them(logic, text, value):
    assert read(logic(), sigma_w=text)["state"]["sigmaW"] == pytest.approx(value, rel=1e-12)


EXPECTED = "expected a number of 0 or more, sqrt(2), gain, critical, or a product or quotient of these."
NO_POINT = (
    "relu with sigma_b 0.1 has no critical point: where chi is 1, each layer adds sigma_b^2 = 0.01 to the second "
    "moment."
)


@pytest.mark.parametrize(
    ("texts", "said", "field", "at"),
    [
        ({"sigma_w": " "}, f"sigma_w is empty; {EXPECTED}", "sigma_w", None),
        ({"sigma_w": "-1"}, f"“-” came in sigma_w; {EXPECTED}", "sigma_w", 0),
        ({"sigma_w": "0,5"}, f"“,” came in sigma_w; {EXPECTED}", "sigma_w", 1),
        ({"sigma_w": "sqrt(2"}, f"sigma_w ends early; {EXPECTED}", "sigma_w", 6),
        ({"sigma_w": "2* "}, f"sigma_w ends early; {EXPECTED}", "sigma_w", 2),
        ({"sigma_w": "2)"}, f"“)” came in sigma_w; {EXPECTED}", "sigma_w", 1),
        ({"sigma_w": "sqrt2"}, f"“2” came in sigma_w; {EXPECTED}", "sigma_w", 4),
        ({"sigma_w": "toString"}, f"“toString” came in sigma_w; {EXPECTED}", "sigma_w", 0),
        ({"sigma_w": "."}, f"“.” came in sigma_w; {EXPECTED}", "sigma_w", 0),
        ({"sigma_w": "2*critical", "sigma_b": ".1"}, NO_POINT, "sigma_w", 2),
        ({"sigma_w": "1/0"}, "sigma_w is inf; expected 20 at most.", "sigma_w", None),
        ({"sigma_w": "25"}, "sigma_w is 25; expected 20 at most.", "sigma_w", None),
        ({"sigma_b": "gain"}, f"“gain” came in sigma_b; {EXPECTED.replace(', gain, critical', '')}", "sigma_b", 0),
        ({"sigma_b": "11"}, "sigma_b is 11; expected 10 at most.", "sigma_b", None),
        ({"depth": "1.5"}, "“.” came in depth; expected a whole number from 1 to 500.", "depth", 1),
        ({"depth": ""}, "depth is empty; expected a whole number from 1 to 500.", "depth", None),
        ({"depth": "501"}, "depth is 501; expected a whole number from 1 to 500.", "depth", None),
        ({"width": "0"}, "width is 0; expected a whole number from 1 to 100000.", "width", None),
        ({"width": " 2 3"}, "“ ” came in width; expected a whole number from 1 to 100000.", "width", 2),
        ({"width": "x"}, "“x” came in width; expected a whole number from 1 to 100000.", "width", 0),
        ({"activation": ""}, f"Choose an activation: {', '.join(ACTIVATIONS)}.", "activation", None),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(logic, texts, said, field, at):
    result = read(logic(), **texts)
    assert (result["wrong"], result["field"], result.get("at")) == (said, field, at)


# What is said beside the library's words


CONTENT = "texts => tensorglass.depthContent(tensorglass.readDepth(texts).state)"


def beyond(network):
    """Return the rows of the table of limits, from the library's prediction and torch's dtypes."""
    name, sigma_w, sigma_b, depth, width = network
    path = signal_propagation(ACTIVATIONS[name], sigma_w, sigma_b).through(depth, width=width).layers
    sizes = [[layer.second_moment**0.5 for layer in path], [layer.gradient**0.5 for layer in path]]
    rows = []
    for dtype_name, dtype in DTYPES.items():
        info = torch.finfo(dtype)
        smallest = torch.nextafter(torch.zeros((), dtype=dtype), torch.ones((), dtype=dtype)).item()
        for text, limit, is_beyond in (
            (f"largest {info.max:.5g}: inf", info.max, float.__gt__),
            (f"smallest normal {info.smallest_normal:.5g}: digits are lost", info.smallest_normal, float.__lt__),
            (f"smallest {smallest:.5g}: zeros", smallest, float.__lt__),
        ):
            found = [
                [i for i, size in enumerate(each, 1) if is_beyond(size, limit) and not math.isclose(size, limit)]
                for each in sizes
            ]
            if any(found):
                rows.append([f"{dtype_name}, {text}", *map(in_words, found)])
    return rows


def in_words(layers):
    assert layers == list(range(layers[0], layers[-1] + 1)) if layers else True
    return "none" if not layers else str(layers[0]) if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"


@pytest.mark.parametrize(
    ("network", "fates", "scale"),
    [
        (("relu", 1.0, 0.0, 50, 256), ("vanishes", "vanishes"), None),
        (("relu", 2.0, 0.0, 200, 256), ("explodes", "explodes"), None),
        (("relu", 0.6, 0.0, 200, 256), ("vanishes", "vanishes"), None),
        (
            ("tanh", 5.0, 0.0, 30, 256),
            ("keeps its size", "explodes"),
            "30 layers are more than six depth scales (19.9 ",
        ),
        (
            ("tanh", 1.1, 0.1, 30, 256),
            ("keeps its size", "keeps its size"),
            "30 layers are no more than six depth scales (",
        ),
        (("silu", 1.2, 0.0, 11, 256), ("shrinks", "shrinks"), None),
        (("linear", 1.2, 0.0, 20, 256), ("grows", "grows"), None),
        (("linear", 20.0, 0.0, 33, 256), ("explodes", "explodes"), None),
        (("linear", 5.0, 0.0, 1, 256), ("keeps its size", "keeps its size"), None),
        (("relu", 0.0, 0.0, 3, 256), ("vanishes", "vanishes"), "3 layers are more than six depth scales (0 layers)"),
    ],
)
def test_what_becomes_of_a_network_is_told(logic, network, fates, scale):
    name, sigma_w, sigma_b, depth, width = network
    texts = {
        "activation": name,
        "sigma_w": f"{sigma_w}",
        "sigma_b": f"{sigma_b}",
        "depth": f"{depth}",
        "width": f"{width}",
    }
    parts = logic().evaluate(CONTENT, texts)
    path = signal_propagation(ACTIVATIONS[name], sigma_w, sigma_b).through(depth, width=width).layers
    first, last, gradient = path[0].second_moment ** 0.5, path[-1].second_moment ** 0.5, path[0].gradient ** 0.5
    many = "1 layer" if depth == 1 else f"{depth} layers"
    assert parts[2] == (
        f"Through {many} the signal {fates[0]}: its rms goes from {first:.3g} to {last:.3g}. The gradient {fates[1]} "
        f"on its way back: its rms goes from 1 at the last layer to {gradient:.3g} at the first."
    )
    sentences, tables = [each for each in parts if isinstance(each, str)], [each for each in parts if "caption" in each]
    assert f"{critical_sigma_w(ACTIVATIONS[name], sigma_b)}." in sentences
    assert [each for each in sentences if "six depth scales" in each][:1] == [
        each for each in sentences if scale and each.startswith(scale)
    ]
    limits = [table["rows"] for table in tables if table["caption"].startswith("Beyond")]
    assert limits == ([rows] if (rows := beyond(network)) else [])
    assert ("Both stay within what float16, bfloat16 and float32 hold." in sentences) == (not limits)
    shown = [layer for layer in path if layer.layer in (1, 2, 5, 10, 20, 50, 100, 200, 500, depth)]
    assert [row[:2] + row[3:] for row in tables[-1]["rows"]] == [
        [f"{each.layer}", f"{each.second_moment**0.5:.4g}", f"{each.gradient**0.5:.4g}"] for each in shown
    ]
    assert tables[-1]["caption"].endswith("squares" if len(shown) == depth else f", {len(shown)} of {depth} layers")
    for row, each in zip(tables[-1]["rows"], shown, strict=True):
        assert row[2] == spread_text(each)


def spread_text(layer):
    if math.isinf(layer.second_moment) or (layer.second_moment == 0):
        return ""
    factor, rms = (1 + layer.spread / layer.second_moment) ** 0.5, layer.second_moment**0.5
    return "none" if factor == 1 else f"{rms / factor:.3g} to {rms * factor:.3g}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 ** -14, smallest: 2 ** -24", "2 ** -14, smallest: 2 ** -25"),
        ("(size) => size > largest", "(size) => size < largest"),
        ("(size) => size < normal", "(size) => size < smallest"),
        ("normal * (1 - EQUAL)", "normal * (1 + EQUAL)"),
        ("65504", "65536"),
        ("(2 - 2 ** -7) * 2 ** 127", "2 ** 127"),
        ("Math.sqrt(gradient)", "gradient"),
        ("Math.sqrt(exact)", "exact"),
        ("ENORMOUS = 1000", "ENORMOUS = 1e9"),
        ("MUCH = 10", "MUCH = 2"),
        ("from === 0 ||", ""),
        ("depth > 6 * scale", "depth > scale"),
        ("layers[0].layer, layers.at(-1).layer", "layers.at(-1).layer, layers[0].layer"),
        ("ROWS.includes(layer) || layer === layers.length", "ROWS.includes(layer)"),
        ("Math.sqrt(1 + spread / moment)", "1 + spread / moment"),
        ("if (scale === Infinity) return [];", ""),
    ],
)
def test_a_broken_rule_of_what_becomes_of_a_network_is_noticed(logic, old, new):
    cases = test_what_becomes_of_a_network_is_told.pytestmark[0].args[1]
    window, noticed = logic(old, new), 0
    for network, fates, scale in cases:
        try:
            test_what_becomes_of_a_network_is_told(lambda: window, network, fates, scale)
        except (AssertionError, IndexError, ValueError):
            noticed += 1
    assert noticed


def test_float32s_largest_number_is_met_where_it_is(logic):
    """The library counts from 3e37 on as infinite; the table of limits goes on to 3.4e38."""
    texts = {**OWN, "activation": "linear", "sigma_w": "1.5", "depth": "250"}
    parts = logic().evaluate(CONTENT, texts)
    rows = next(part["rows"] for part in parts if "caption" in part and part["caption"].startswith("Beyond"))
    first = next(i for i in range(1, 251) if 1.5**i > torch.finfo(torch.float32).max)
    assert [row[1] for row in rows if row[0].startswith("float32, largest")] == [f"{first} to 250"]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_copied_program_measures_what_is_predicted(logic, name):
    texts = {"activation": name, "sigma_w": "1.3", "sigma_b": "sqrt(0.05)", "depth": "8", "width": "256"}
    code = logic().evaluate("texts => tensorglass.depthCode(tensorglass.readDepth(texts).state)", texts)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [[float(each) for each in line.split()] for line in run.stdout.splitlines()[1:]]
    path = signal_propagation(ACTIVATIONS[name], 1.3, 0.05**0.5).through(8).layers
    last = lines[-1][2]
    for (layer, signal, gradient), predicted in zip(lines, path, strict=True):
        assert layer == predicted.layer
        assert signal == pytest.approx(predicted.second_moment**0.5, rel=0.2)
        assert gradient / last == pytest.approx(predicted.gradient**0.5, rel=0.25)
    assert "sigma_b = 0.22360679774997896  # sqrt(0.05)" in code
    assert "sigma_w = 1.3\n" in code


# On a page


def form(window):
    return window.locator("form:has(#explored-signal-sigma_w)")


def field(window, label):
    return form(window).get_by_label(label, exact=True)


def report(window):
    return window.locator("form:has(#explored-signal-sigma_w) + .tensorglass")


def as_text(window):
    return re.sub(r"\s+", " ", report(window).inner_text()).strip()


def picture(window):
    return report(window).get_by_role("img")


def test_the_page_takes_other_networks_and_goes_back_to_its_own(explorer):
    window = explorer()
    before = as_text(window)
    assert before.startswith("relu with sigma_w 1 and sigma_b 0: signals vanish Signal propagation quantity value")
    own = {"Activation": "relu", "sigma_w": "1", "sigma_b": "0", "Depth": "50", "Width": "256"}
    assert {label: field(window, label).input_value() for label in own} == own
    field(window, "Activation").select_option("tanh")
    field(window, "sigma_w").fill("5")
    assert as_text(window).startswith("tanh with sigma_w 5 and sigma_b 0: chaotic, stable")
    assert picture(window).locator("circle, rect[width='8']").count() == 0  # nothing of it was measured
    assert picture(window).get_attribute("aria-label").startswith("Root mean squares over 50 layers, on a logarithmic")
    field(window, "sigma_w").press("Escape")
    assert as_text(window).startswith(before)  # what the script writes begins with what the library wrote
    assert window.wrong == []


def test_dots_are_those_that_the_page_measured(explorer):
    window = explorer()
    output = window.locator("pre", has_text="medians of").last.inner_text()
    rows = [line.split() for line in output.splitlines() if re.match(r" *\d+ +\d", line)]
    assert len(rows) == 6
    field(window, "sigma_w").fill("2")
    field(window, "sigma_w").fill("1")
    assert picture(window).locator("circle").count() == 7  # one is the legend's
    assert picture(window).locator("rect[width='8']").count() == 7
    label = picture(window).get_attribute("aria-label")
    signal, gradient = float(rows[-1][2]), float(rows[0][4])
    assert label.endswith(f" Measured signals go from 1 to {signal:.4g}. The measured gradient is {gradient:.4g}.")
    path = picture(window).locator("path").first.get_attribute("d")
    places = [tuple(map(float, pair.split())) for pair in path.removeprefix("M").split("L")]
    dots = (
        picture(window)
        .locator("circle")
        .evaluate_all("all => all.slice(0, -1).map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])")
    )
    for (x, y), row in zip(dots, rows, strict=True):
        predicted = places[int(row[0]) - 1]
        assert x == pytest.approx(predicted[0], abs=0.1)
        assert y == pytest.approx(predicted[1], abs=8)  # less than half a power of ten


def test_only_pages_with_the_table_load_it(built_site):
    loading = pages_loading(built_site, "depth.js")
    assert loading == {PAGE}


def test_what_is_wrong_is_told_and_the_last_picture_stays(explorer):
    window = explorer()
    field(window, "sigma_w").fill("1.2")
    before = as_text(window)
    field(window, "sigma_w").fill("1.2+")
    window.wait_for_function(
        "[...document.querySelectorAll('.explorer-said')].some(e => e.textContent.startsWith('“+” came in sigma_w; '))"
    )
    assert field(window, "sigma_w").get_attribute("aria-invalid") == "true"
    assert field(window, "Depth").get_attribute("aria-invalid") == "false"
    assert "outdated" in report(window).get_attribute("class")
    assert as_text(window) == before
    assert form(window).locator(".explorer-caret:visible").all_text_contents() == ["1.2+\n   ^"]
    assert form(window).get_by_role("button", name="Copy as code").is_disabled()
    field(window, "sigma_w").fill("1.3")
    assert "outdated" not in report(window).get_attribute("class")
    window.wait_for_function(
        "[...document.querySelectorAll('.explorer-said')].some(e => e.textContent.startsWith('relu with sigma_w 1.3'))"
    )
    assert form(window).locator(".explorer-said").get_attribute("role") == "status"


def test_a_link_leads_to_the_same_network(explorer):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    field(window, "Activation").select_option("gelu")
    field(window, "sigma_w").fill("gain")
    window.wait_for_url(lambda url: url.endswith("#signal=gelu&sigma_w=gain&sigma_b=0&depth=50&width=256"))
    form(window).get_by_role("button", name="Copy link").click()
    form(window).get_by_role("button", name="Copied").wait_for()
    link = window.evaluate("navigator.clipboard.readText()")
    assert link == window.url
    other = explorer()
    other.goto("about:blank")
    other.goto(link)
    assert as_text(other) == as_text(window)
    assert as_text(other).startswith("gelu with sigma_w 1.534 and sigma_b 0: chaotic, unstable")
    other.evaluate("location.hash = '#signal=tanh&sigma_w=sqrt(2)&sigma_b=0&depth=10&width=64'")
    other.wait_for_function("document.querySelector('#explored-signal-sigma_w').value === 'sqrt(2)'")
    other.go_back()
    other.wait_for_function("document.querySelector('#explored-signal-activation').value === 'gelu'")
    other.evaluate("location.hash = '#signal=relu6&sigma_w=1&sigma_b=0&depth=10&width=64'")
    other.wait_for_function(
        "[...document.querySelectorAll('.explorer-said')].some(e => e.textContent.startsWith('Choose an activation: '))"
    )
    assert field(other, "Activation").get_attribute("aria-invalid") == "true"


def test_what_is_copied_runs(explorer, tmp_path):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    field(window, "Depth").fill("4")
    form(window).get_by_role("button", name="Copy as code").click()
    form(window).get_by_role("button", name="Copied").wait_for()
    script = tmp_path / "copied.py"
    script.write_text(window.evaluate("navigator.clipboard.readText()"), "utf-8")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["layer", "1", "2", "3", "4"]


def test_it_is_used_by_keyboard_alone(explorer):
    window = explorer()
    field(window, "Activation").focus()
    window.keyboard.press("ArrowDown")  # chooses the next one
    assert field(window, "Activation").input_value() == "leaky_relu"
    assert as_text(window).startswith("leaky_relu with sigma_w 1 ")
    window.keyboard.press("Tab")
    window.keyboard.press("Control+A")
    window.keyboard.type("2")
    assert as_text(window).startswith("leaky_relu with sigma_w 2 ")
    window.keyboard.press("Enter")  # sends nothing
    for _ in range(4):
        window.keyboard.press("Tab")
    window.keyboard.press("Space")
    assert as_text(window).startswith("relu with sigma_w 1.414 and sigma_b 0: critical, stable")


def test_every_example_is_told(explorer):
    window = explorer()
    examples = form(window).locator(".explorer-buttons button").all_text_contents()[:-2]
    assert len(examples) == 5
    for example in examples:
        form(window).get_by_role("button", name=example, exact=True).click()
        assert form(window).locator("[aria-invalid=true]").count() == 0
        assert as_text(window).startswith(example.split(",")[0])


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sigma_w", ["20", "0.01", "1", "-1"])
def test_it_is_accessible_and_fits(explorer, theme, width, sigma_w):
    window = explorer(PAGE, width, theme)
    field(window, "Depth").fill("100")
    field(window, "sigma_w").fill(sigma_w)
    window.wait_for_function("document.querySelector('#explored-signal-said').textContent")
    assert overflow(window) <= 0
    assert violations(window) == []
    box = picture(window).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    names = (
        picture(window)
        .locator(".limit-name")
        .evaluate_all("all => all.map(e => [e.getBBox().x, e.getBBox().x + e.getBBox().width])")
    )
    room = float(picture(window).get_attribute("width"))
    assert all(left >= 0 and right <= room for left, right in names)
    assert len(names) >= 2


def test_it_works_from_a_folder_and_on_paper(explorer, built_site):
    window = explorer(base=built_site.as_uri())
    field(window, "sigma_w").fill("2")
    assert as_text(window).startswith("relu with sigma_w 2 and sigma_b 0: signals explode")
    window.emulate_media(media="print")
    assert not form(window).is_visible()
    assert picture(window).is_visible()


def test_without_scripts_the_librarys_table_is_read(explorer):
    window = explorer(java_script_enabled=False)
    assert window.locator(".explorer").count() == 0
    assert window.locator(".tensorglass table", has_text="depth scale, in layers").is_visible()
