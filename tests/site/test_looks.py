"""A look at a page sees what is wrong there: nothing on a sound page, and one fault at a time on the same page."""

import pytest
from browser import served
from looks import (
    cut_text,
    images,
    in_print,
    jumping_images,
    keyboard,
    look_at,
    look_without_scripts,
    overflow,
    violations,
)

pytestmark = [pytest.mark.long, pytest.mark.site]

STEPS = [overflow, cut_text, violations, images, jumping_images, keyboard, in_print]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A page</title>
</head><body><main><article><h1>A page</h1><section><p>Words.</p><p><a href="page.html">A link</a></p>FAULT
</section></article><p class="licences">Licences</p></main></body></html>
"""

# A fault, what is seen of it, and a part of what that says.
FAULTS = [
    ('<img src="http://localhost:9/dot.svg" alt="A dot of another host">', "asked", "localhost:9"),
    ('<script src="missing.js"></script>', "wrong", "missing.js"),
    ("<script>throw Error('of a script')</script>", "wrong", "of a script"),
    ('<div style="width: 3000px; height: 1px"></div>', "overflow", "17"),
    ('<p style="width: 9px; overflow: hidden">unbreakable</p>', "cut_text", "unbreakable"),
    ('<p style="color: #ccc">pale</p>', "violations", "color-contrast"),
    ('<img src="dot.svg" width="60" height="60">', "violations", "image-alt"),
    ('<img src="dot.svg" alt="A dot without a place">', "jumping_images", "dot.svg"),
    ("<p tabindex=0 onfocus=\"style.visibility = 'hidden'\">unseen</p>", "keyboard", "unseen"),
    ('<p onkeydown="return false"><button>trap</button></p><button>beyond</button>', "keyboard", "beyond"),
    ("<style>@media print { p { width: 900px } }</style>", "in_print", "Words"),
    ('<p style="position: fixed; top: 0">over the text</p>', "in_print", "over the text"),
    ("<style>@media print { .licences { display: none } }</style>", "in_print", "'licences': [False]"),
    ('<details><summary>More</summary><p style="display: none">never</p></details>', "in_print", "'opened': [False]"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"/>')
    with served(folder, tmp_path_factory.mktemp("served")) as address:
        yield folder, address


def write(folder, fault):
    (folder / "page.html").write_text(PAGE.replace("FAULT", fault), "utf-8")


def test_a_sound_page_is_found_sound(browser, site):
    folder, address = site
    write(folder, '<img src="dot.svg" alt="A dot" width="60" height="60">')
    look = look_at(browser, address, "page", "light", 1280, STEPS)
    assert look.asked == [f"{address}/page.html", f"{address}/dot.svg"]
    assert [text for text in look.wrong if "favicon" not in text] == []
    assert (look.overflow, look.cut_text, look.violations, look.jumping_images) == (0, [], [], [])
    assert look.images == [["A dot", 60, f"{address}/dot.svg", False]]
    assert look.keyboard == ([], [])
    assert look.in_print == {
        "scheme": "normal",
        "cut": [],
        "on_every_sheet": [],
        "opened": [],
        "licences": [True],
    }


@pytest.mark.parametrize(("fault", "quality", "says"), FAULTS)
def test_a_fault_is_seen(browser, site, fault, quality, says):
    folder, address = site
    write(folder, fault)
    look = look_at(browser, address, "page", "light", 1280, STEPS)
    assert says in str(getattr(look, quality))


def test_without_scripts_what_needs_them_is_seen(browser, site):
    folder, address = site
    write(folder, '<button>dead</button><p style="display: none">hidden</p>')
    look = look_without_scripts(browser, address, "page")
    assert (look.dead_controls, look.hidden_text) == (1, ["hidden"])
    assert look.parts == {
        "article pre": 0,
        "article img": 0,
        "article .figure": 0,
        "article p": 3,
        "article table": 0,
        "article details": 0,
    }


def test_a_step_that_fails_hides_no_other(browser, site):
    folder, address = site
    write(folder, "")

    def falls(window):
        return window.evaluate("nothing.at.all")

    look = look_at(browser, address, "page", "light", 1280, [falls, overflow])
    assert look.overflow == 0
    with pytest.raises(Exception, match="nothing is not defined"):
        _ = look.falls
