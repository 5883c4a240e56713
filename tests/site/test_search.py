"""The search finds error messages as readers paste them, and words; it says what it found; no other page carries it."""

import gzip
import hashlib
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from browser import open_window
from bs4 import BeautifulSoup
from looks import violations

pytestmark = [pytest.mark.long, pytest.mark.site]

UNSQUEEZE, NONE, ROW = (
    f"auto_examples/broadcasting/{page}.html" for page in ("unsqueeze", "none_indexing", "row_or_column")
)
SHAPES, MAT1, VIEWS, INPUTS, TARGETS, DTYPES, MEMORY, IN_PLACE, NO_GRAPH, LOADING = (
    f"auto_examples/errors/{page}.html"
    for page in (
        "shapes_must_match",
        "mat1_and_mat2",
        "view_cat_index",
        "layer_inputs",
        "loss_and_target",
        "mixed_dtypes",
        "out_of_memory",
        "changed_in_place",
        "no_graph",
        "load_checkpoint",
    )
)
STORAGE, EXPAND = (f"auto_examples/memory/{page}.html" for page in ("tensor_storage", "expand_memory"))
MATMUL, REPEATED, RULES = (
    f"auto_examples/einsum/{page}.html" for page in ("matmul_einsum", "repeated_index", "summation_rules")
)
BACKWARD, STORED = (f"auto_examples/backprop/{page}.html" for page in ("forward_backward", "stored_activations"))
SCALE, WEIGHTS = (f"auto_examples/initialization/{page}.html" for page in ("activation_scale", "weight_initialization"))
HE = "auto_examples/papers/he_relu.html"

# As PyTorch says it, but for other numbers, devices and classes than on the pages, and for what fingers do.
MESSAGES = [
    (
        "mat1 and mat2 shapes cannot be multiplied (32x784 and 100x10)",
        f"{MAT1}#x28-and-784x10-the-images-were-not-flattened",
    ),
    (
        "mat1 and mat2 shapes canot be multiplied (64x128 and 256x10)",
        f"{MAT1}#x28-and-784x10-the-images-were-not-flattened",
    ),
    ("RuntimeError: mat1 and mat2 shapes cannot be mutliplied", f"{MAT1}#x28-and-784x10-the-images-were-not-flattened"),
    ("expected scalar type Float but found Double", f"{MATMUL}#both-operands-need-the-same-dtype"),
    ("RuntimeError: Expected scalar type Half but found Float", f"{MATMUL}#both-operands-need-the-same-dtype"),
    (
        "expected m1 and m2 to have the same dtype, but got: c10::Half != float",
        f"{MATMUL}#both-operands-need-the-same-dtype",
    ),
    (
        "mat1 and mat2 must have the same dtype, but got Double and Float",
        f"{DTYPES}#mat1-and-mat2-must-have-the-same-dtype",
    ),
    (
        "einsum(): subscript i has size 3 for operand 1 which does not broadcast with previously seen size 2",
        f"{REPEATED}#more-what-is-refused",
    ),
    (
        "einsum(): subscript q has size 17 for operand 0 wich does not brodcast with previously seen size 5",
        f"{REPEATED}#more-what-is-refused",
    ),
    ("einsum(): output subscript z appears more than once in the output", f"{REPEATED}#more-what-is-refused"),
    (
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
        f"{SHAPES}#the-last-batch-at-non-singleton-dimension-0",
    ),
    (
        "size of tensor a must match size of tensor b at non singelton dimension",
        f"{SHAPES}#the-last-batch-at-non-singleton-dimension-0",
    ),
    (
        "output with shape [64] doesn't match the broadcast shape [32, 64]",
        f"{UNSQUEEZE}#more-in-place-only-the-other-tensor-is-stretched",
    ),
    (
        "IndexError: Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        f"{UNSQUEEZE}#more-where-the-axis-may-go",
    ),
    (
        "UserWarning: Using a target size (torch.Size([32])) that is different to the input size (torch.Size([32, 1]))",
        f"{TARGETS}#more-using-a-target-size-that-is-different-to-the-input-size",
    ),
    ("ValueError: expected 4D input (got 2D input)", f"{INPUTS}#expected-4d-input-got-3d-input"),
    (
        "Tensors must have same number of dimensions: got 4 and 3",
        f"{UNSQUEEZE}#more-cat-and-put-no-axis-in-front-either",
    ),
    ("IndexError: too many indices for tensor of dimension 2", f"{NONE}#too-many-colons"),
    (
        "AttributeError: module 'torch' has no attribute 'expand_dims'",
        f"{NONE}#more-expand-dims-is-numpy-s-name-and-its-strides-differ",
    ),
    ("view size is not compatible with input tensor's size and stride", f"{STORAGE}#view-stops-at-breaks-in-memory"),
    ("view size is not compatable with input tensors size & stride", f"{STORAGE}#view-stops-at-breaks-in-memory"),
    ("can't call numpy() on Tensor that requires grad", f"{STORAGE}#numpy-fails-for-many-tensors"),
    (
        "TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host",
        f"{STORAGE}#more-the-other-refusals",
    ),
    ("can't convert mps:0 device type tensor to numpy", f"{STORAGE}#more-the-other-refusals"),
    ("Got unsupported ScalarType BFloat16", f"{STORAGE}#numpy-fails-for-many-tensors"),
    ("shape '[10, 784]' is invalid for input of size 7000", f"{VIEWS}#what-is-often-said"),
    (
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location",
        f"{EXPAND}#one-write-changes-many-elements",
    ),
    (
        "RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation: "
        "[torch.cuda.FloatTensor [64, 128]], which is output 0 of ReluBackward0, is at version 1; expected version 0",
        f"{IN_PLACE}#short-answer",
    ),
    (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        "[torch.cuda.HalfTensor [8, 3]] is at version 2; expected version 1 instead.",
        f"{IN_PLACE}#short-answer",
    ),
    ("Trying to backward through the graph a second time", f"{BACKWARD}#backward-a-second-time"),
    ("Tring to backwards thru the graph a second time", f"{BACKWARD}#backward-a-second-time"),
    (
        "RuntimeError: element 3 of tensors does not require grad and does not have a grad_fn",
        f"{NO_GRAPH}#short-answer",
    ),
    ("grad can be implicitly created only for scalar outputs", f"{BACKWARD}#more-only-one-number-can-start"),
    (
        "a leaf Variable that requires grad is being used in an in-place operation.",
        f"{IN_PLACE}#a-leaf-variable-that-requires-grad-is-being-used-in-an-in-place-operation",
    ),
    (
        'Traceback (most recent call last):\n  File "/home/me/expand/einsum.py", line 12, in <module>\n    loss()\n'
        "RuntimeError: grad can be implicitly created only for scalar outputs",
        f"{BACKWARD}#more-only-one-number-can-start",
    ),
    ("ValueError: Unsupported nonlinearity swish", f"{WEIGHTS}#torch-knows-no-gain-for-gelu-and-silu"),
]

# On a CPU no page shows these in this wording; the list of all errors does.
NEAREST = [
    (
        "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
        MEMORY,
    ),
    (
        "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 23.69 GiB total capacity; 21.10 GiB already allocated)",
        MEMORY,
    ),
    ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has 7.79 GiB", MEMORY),
    ("RuntimeError: MPS backend out of memory (MPS allocated: 8.00 GB, max allowed: 9.07 GB)", MEMORY),
    ("RuntimeError: CUDA error: device-side assert triggered", MEMORY),
    ("expand: the number of sizes provided", SHAPES),
    ("einsum(): the number of subscripts in the equation (2) does not match the number of dimensions (3)", REPEATED),
    ("Sizes of tensors must match except in dimension 1. Expected size 3 but got size 4 for tensor number 1", VIEWS),
    ("RuntimeError: Error(s) in loading state_dict for Net: size mismatch for fc.weight: copying a param", LOADING),
    ("Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) should be the same", DTYPES),
    ("ValueError: Expected input batch_size (32) to match target batch_size (16).", TARGETS),
]

QUESTIONS = [
    ("row or column vector", ROW),
    ("unsqueeze", UNSQUEEZE),
    ("none indexing", NONE),
    ("einsum trace", RULES),  # the one page that says "trace"
    ("xavier vs he", HE),
    ("detach memory", "auto_examples/backprop/detach_no_grad.html"),
    ("kaiming uniform relu gain", "auto_examples/initialization/which_initialization.html"),
    ("loss is nan", "auto_examples/backprop/where_nan_began.html"),
    ("why store activatons", STORED),
    ("unsqueze", UNSQUEEZE),
    ("shapse canot multiplyed", MAT1),
    ("explain_broadcast", "reference/broadcasting.html"),
]


def address_of(query):
    return f"search.html?q={quote(query)}"


@pytest.fixture(scope="module")
def window(browser, address):
    with open_window(browser, address, "search") as window:
        yield window


@pytest.fixture
def search(window, address):
    """Search, and return the addresses of the results, from the site's root, and without what the query adds."""

    def search(query, base=address, window=window):
        window.goto(f"{base}/{address_of(query)}")
        window.wait_for_function("/found|could not/.test(document.querySelector('#search-count').textContent)")
        return window.evaluate("[...document.querySelectorAll('#search-results a')].map(a => a.getAttribute('href'))")

    return search


@pytest.mark.parametrize(("query", "place"), MESSAGES)
def test_a_message_leads_to_the_section_that_explains_it(search, query, place):
    assert place in search(query)[:3]


@pytest.mark.parametrize(("query", "page"), NEAREST)
def test_a_message_that_no_page_shows_leads_near(search, query, page):
    assert page in [place.split("#")[0] for place in search(query)[:3]]


@pytest.mark.parametrize(("query", "page"), QUESTIONS)
def test_words_lead_to_their_question_first(search, query, page):
    assert search(query)[0].split("#")[0] == page


def test_numbers_and_classes_of_a_message_change_nothing(search):
    message = "by an inplace operation: [torch.{} {}], which is output {} of {}, is at version 1; expected version 0"
    places = search(message.format("FloatTensor", [64, 16], 0, "Relu"))
    assert len(places) > 3
    assert search(message.format("cuda.HalfTensor", [3, 224, 7, 1], 12, "ReluBackward0")) == places
    assert search(message.format("mps.BFloat16Tensor", [], 1, "Relu")) == places


def test_a_class_or_a_device_finds_another(search):
    assert len(search("torch.cuda.ComplexHalfTensor")) > 3
    assert search("torch.cuda.ComplexHalfTensor") == search("torch.LongTensor")
    assert f"{UNSQUEEZE}#on-a-gpu" in search("xpu:3")  # there it is a GPU of another kind


def test_of_a_traceback_the_last_line_is_looked_for(search):
    error = "RuntimeError: shape '[10, 784]' is invalid for input of size 7000"
    lines = (
        'File "row_or_column.py", line 3, in weight_initialization\n  vector.unsqueeze(0) + matrix.detach().einsum()'
    )
    assert search(f"Traceback (most recent call last):\n {lines}\n{error}") == search(error)


def test_every_message_of_the_list_is_found_with_other_numbers(search, built_site):
    page = BeautifulSoup((built_site / "errors.html").read_text("utf-8"), "html.parser")
    known = {term["id"]: term.text.replace("…", "37") for term in page.select("dl.errors > dt")}
    others = {each["id"]: re.sub(r"\d+", "37", each.p.text) for each in page.select("li:has(> p + ul)")}
    assert len(known) > 100
    assert len(others) > 10
    missed = [
        message for name, message in {**known, **others}.items() if f"errors.html#{name}" not in search(message)[:10]
    ]
    assert missed == []


def test_every_place_of_the_search_is_there(window, search, built_site):
    search("tensor")
    places = window.evaluate(
        "window.searchSections.flatMap(([address, , sections]) => sections.map(([anchor]) => [address, anchor]))"
    )
    assert len(places) > 400
    pages = {page: (built_site / page).read_text("utf-8") for page, _ in places}
    assert [place for place in places if f'id="{place[1]}"' not in pages[place[0]]] == []
    assert len(set(map(tuple, places))) == len(places)


def test_a_message_of_the_list_is_reached(window, search):
    place = next(place for place in search("mat1 and mat2 shapes cannot be multiplied") if place.startswith("errors"))
    window.locator(f'#search-results a[href="{place}"]').click()
    window.wait_for_url("**/errors.html#*")
    assert window.locator(":target").inner_text() == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (… and …)"


def test_a_page_has_three_places_among_the_results_and_the_list_of_messages_one(search):
    pages = [place.split("#")[0] for place in search("expected size of tensor input dimension, but got")]
    assert max(map(pages.count, pages)) == 3
    assert pages.count("errors.html") == 1


def test_the_beginning_of_a_word_finds_it(search):
    assert set(search("checkpoi")[:1]) & set(search("checkpointing"))


def test_a_result_names_page_and_section_and_shows_the_message(window, search):
    search("mat1 and mat2 shapes canot be multiplied (32x784 and 100x10)")
    result = window.locator(f'#search-results li:has(a[href^="{MATMUL}"])').first
    names = ["How do I write a matrix product with einsum?", "An axis of size 1 is stretched"]
    assert result.locator("a").inner_text().split(" \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ") == names
    assert result.locator("p").inner_text() == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x1 and 3x4)"


def test_only_whole_words_are_marked(window, search):
    search("a row or col x he vector 3")
    words = set(window.evaluate("[...document.querySelectorAll('mark')].map(each => each.textContent.toLowerCase())"))
    assert {"row", "vector"} <= words
    assert [word for word in words if len(word) < 3] == []
    whole = "[...document.querySelectorAll('#search-results mark')].every(m =>"
    whole += " !/[\\p{L}\\p{N}_]$/u.test(m.previousSibling?.textContent ?? '') &&"
    whole += " !/^[\\p{L}\\p{N}_]/u.test(m.nextSibling?.textContent ?? ''))"
    assert window.evaluate(whole)


def test_nothing_is_marked_on_the_page_that_a_result_leads_to(window, search):
    search("row or column vector a")
    window.locator("#search-results a").first.click()
    window.wait_for_url(f"**/{ROW}*")
    assert window.locator("mark, .highlighted").count() == 0


def test_the_number_of_results_is_told(window, search):
    count = len(search("row or column vector"))
    status = window.get_by_role("status")
    assert status.inner_text() == f"{count} sections found."
    assert len(search("tensor")) == 20
    assert re.fullmatch(r"\d+ sections found, of which the best 20 are shown\.", status.inner_text())
    search("RuntimeError: the frobnicator of the tensor is out of grease")
    assert status.inner_text().endswith("None of them shows this very message.")


def test_where_nothing_is_found_something_is_offered(window, search):
    assert search("qqzzxx wwwqq <b>") == []
    assert window.get_by_role("status").inner_text() == "Nothing was found for “qqzzxx wwwqq <b>”."
    offered = window.locator("#search-offer a")
    assert [each.get_attribute("href") for each in offered.all()] == [
        "errors.html",
        "questions.html",
        "reference/index.html",
    ]
    assert offered.first.is_visible()
    search("unsqueeze")
    assert not window.locator("#search-offer").is_visible()


def test_where_the_texts_do_not_arrive_something_is_offered(browser, address):
    with open_window(browser, address, "search") as window:
        window.route("**/search_sections.js", lambda route: route.abort())
        window.goto(f"{address}/{address_of('unsqueeze')}")
        window.locator("#search-offer a").first.wait_for()
        assert "could not be loaded" in window.get_by_role("status").inner_text()


def test_a_search_by_keyboard_from_another_page(browser, address):
    with open_window(browser, address, UNSQUEEZE.removesuffix(".html")) as window:
        window.keyboard.press("/")
        window.keyboard.type("keepdim")
        window.keyboard.press("Enter")
        window.locator("#search-results a").first.wait_for()
        assert "search.html?q=keepdim" in window.url
        field = window.locator("#search-words")
        assert field.input_value() == "keepdim"
        field.focus()
        window.keyboard.press("Tab")
        window.keyboard.press("Tab")
        assert window.evaluate("document.activeElement === document.querySelector('#search-results a')")
        window.keyboard.press("Enter")
        window.wait_for_url("**/auto_examples/**")


def test_the_search_of_a_folder_works_too(search, built_site, browser):
    with open_window(browser, f"file://{built_site}", "search") as window:
        assert search("row or column vector", f"file://{built_site}", window)[0] == ROW
        assert window.wrong == []


def test_without_javascript_the_search_leads_elsewhere(browser, address):
    with open_window(browser, address, "search", java_script_enabled=False) as window:
        # Playwright's search for texts leaves out `noscript`, which is what shows here.
        note = window.locator("noscript")
        assert "needs JavaScript" in note.inner_text()
        found = [each.get_attribute("href") for each in note.locator("a").all()]
        assert found == ["errors.html", "questions.html", "reference/index.html"]
        assert not window.locator("#search-offer").is_visible()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("query", [MESSAGES[0][0], "row or column vector", "qqzzxx"])
def test_results_are_accessible(search, browser, address, query, theme, width):
    with open_window(browser, address, "search", width, theme) as window:
        search(query, window=window)
        assert violations(window) == []
        assert window.evaluate("document.documentElement.scrollWidth") <= width
        assert window.wrong == []
        assert [url for url in window.asked if not url.startswith((address, "data:"))] == []


def test_the_search_has_no_button_that_copies(window, search):
    search("unsqueeze")
    assert window.get_by_role("button", name="Copy all code").count() == 0


def test_only_the_page_of_the_search_loads_it(built_site):
    for page in built_site.rglob("*.html"):
        loaded = re.findall(r'<script[^>]*src="[^"]*?([^"/?]+)(?:\?[^"]*)?"', page.read_text("utf-8"))
        assert ("search.js" in loaded, "minisearch.js" in loaded) == (page == built_site / "search.html",) * 2, page
        assert not {"searchtools.js", "language_data.js", "searchindex.js", "sphinx_highlight.js"} & set(loaded), page
    names = {path.name for path in built_site.rglob("*.js")}
    assert (
        not {"searchtools.js", "language_data.js", "searchindex.js", "sphinx_highlight.js", "base-stemmer.js"} & names
    )


def test_the_texts_are_light_and_asked_for_by_a_search_alone(browser, address, built_site):
    pages = len(list(built_site.glob("auto_examples/*/[!i]*.html")))
    assert len(gzip.compress((built_site / "search_sections.js").read_bytes(), 6)) < 8000 * pages
    with open_window(browser, address, "search") as window:
        assert [url for url in window.asked if "search_sections" in url] == []


def test_the_engine_is_as_its_authors_have_it(built_site):
    folder = Path(built_site, "_static", "minisearch")
    script = (folder / "minisearch.js").read_bytes()  # dist/umd/index.js of minisearch 7.2.0
    assert hashlib.sha256(script).hexdigest() == "03c27931eb603af1d3358579e9885eafdb6a2f5fa9929557b3e77d7e99d06d03"
    assert "Luca Ongaro" in (folder / "LICENSE.txt").read_text("utf-8")


def test_of_a_signature_only_the_name_is_kept(built_site):
    texts = (built_site / "search_sections.js").read_text("utf-8")
    assert '"track_memory Record the live' in texts
