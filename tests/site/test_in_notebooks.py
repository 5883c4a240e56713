"""Our tables where notebooks show them: inside of other style sheets, in the light and in the dark, and on a phone."""

import pytest
import torch

import tensorglass

pytestmark = [pytest.mark.long, pytest.mark.site]

# What the style sheets of JupyterLab 4 (and of nbconvert, which takes them from there) and of the classic notebook say
# of tables in outputs, and the classes around an output.
JUPYTERLAB = """
.jp-RenderedHTMLCommon { font-size: 14px; line-height: 1.6; padding-right: 20px; }
.jp-RenderedHTMLCommon table {
  border-collapse: collapse; border-spacing: 0; border: none; color: var(--jp-ui-font-color1); font-size: 13px;
  table-layout: fixed; margin-left: auto; margin-bottom: 1em; margin-right: auto;
}
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th, .jp-RenderedHTMLCommon tr {
  vertical-align: middle; padding: 0.5em; line-height: normal; white-space: normal; max-width: none; border: none;
}
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon td,
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon th,
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon tr { text-align: right; }
.jp-RenderedHTMLCommon th { font-weight: bold; }
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) { background: var(--jp-layout-color0); }
.jp-RenderedHTMLCommon tbody tr:nth-child(even) { background: var(--jp-rendermime-table-row-background); }
.jp-OutputArea-output.jp-RenderedHTMLCommon table { margin-left: 0; margin-right: 0; }
"""
LIGHT = """:root { --jp-ui-font-color1: rgba(0, 0, 0, 0.87); --jp-layout-color0: white;
  --jp-rendermime-table-row-background: #f5f5f5; } body { background: white; }"""
DARK = """:root { --jp-ui-font-color1: rgba(255, 255, 255, 0.87); --jp-layout-color0: #111;
  --jp-rendermime-table-row-background: #212121; } body { background: #111; color: white; }"""
CLASSIC = """
.rendered_html table { margin-left: auto; margin-right: auto; border: none; color: black; table-layout: fixed; }
.rendered_html tr, .rendered_html th, .rendered_html td {
  text-align: right; vertical-align: middle; padding: 0.5em 0.5em; white-space: normal; max-width: none; border: none;
}
.rendered_html tbody tr:nth-child(odd) { background: #f5f5f5; }
"""
LAB_OUTPUT = "jp-RenderedHTMLCommon jp-RenderedHTML jp-OutputArea-output"
PLACES = {
    "JupyterLab, light": (JUPYTERLAB + LIGHT, LAB_OUTPUT),
    "JupyterLab, dark": (JUPYTERLAB + DARK, LAB_OUTPUT),
    "classic": (CLASSIC, "output_html rendered_html"),
    "a page without style": ("", ""),
}


def log():
    with tensorglass.watch_broadcasts() as seen:
        ((torch.zeros(8, 1) - torch.zeros(8)) ** 2).mean()  # a line that is wide in the table, as lines of training are
    return seen


def initialization():
    layers = torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 62 * 62, 10)
    return tensorglass.initialize_(torch.nn.Sequential(*layers), torch.relu)


RESULTS = {
    "watch_broadcasts": log,
    "initialize_": initialization,
    "storage_info": lambda: tensorglass.storage_info(torch.arange(12).reshape(3, 4).T, torch.ones(3)),
    "explain_broadcast": lambda: tensorglass.explain_broadcast((64, 3, 8, 8), (3,)),
}
CELLS = """[...document.querySelectorAll('.tensorglass :is(th, td)')].map(cell => {
    const style = getComputedStyle(cell);
    return {
        number: cell.matches('.number'), align: style.textAlign, background: style.backgroundColor,
        same: style.color === getComputedStyle(cell.closest('table')).color,
    };
})"""


@pytest.fixture(params=PLACES)
def shown(request, browser):
    """Open a result as the output of a cell, in a window of a width; returns the window."""
    style, classes = PLACES[request.param]
    context = browser.new_context()
    window = context.new_page()

    def show(result, width):
        window.set_viewport_size({"width": width, "height": 800})
        output = f'<div class="{classes}">{RESULTS[result]()._repr_html_()}</div>'
        window.set_content(f"<!doctype html><style>{style}</style>{output}")
        return window

    yield show
    context.close()


@pytest.mark.parametrize("result", RESULTS)
def test_texts_begin_on_the_left_and_numbers_end_on_the_right(shown, result):
    cells = shown(result, 1280).evaluate(CELLS)
    assert {cell["align"] for cell in cells if not cell["number"]} == {"left"}
    assert {cell["align"] for cell in cells if cell["number"]} == {"right"}


@pytest.mark.parametrize("result", RESULTS)
def test_a_table_has_the_colours_of_the_notebook(shown, result):
    cells = shown(result, 1280).evaluate(CELLS)
    assert {(cell["same"], cell["background"]) for cell in cells} == {(True, "rgba(0, 0, 0, 0)")}


@pytest.mark.parametrize("result", ["watch_broadcasts", "initialize_"])
def test_on_a_phone_a_wide_table_scrolls_and_the_page_does_not(shown, result):
    window = shown(result, 390)
    assert window.evaluate("document.documentElement.scrollWidth") <= 390
    inner, outer = window.evaluate("(e => [e.scrollWidth, e.clientWidth])(document.querySelector('.tensorglass'))")
    assert inner > outer
    window.locator(".tensorglass").evaluate("e => { e.scrollLeft = e.scrollWidth }")
    right = window.evaluate("document.querySelector('.tensorglass thead th:last-child').getBoundingClientRect().right")
    assert right <= 390
