"""What happens when: for each event of a build our handlers, in the order in which they run; and what pages may hold.

A number in a list is the priority at which others run, Sphinx or an extension. What stands above it runs before them,
and what stands below it after. So a priority of our own is written nowhere: it follows from the place in the list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from sphinx.application import Sphinx

from .law import ending, enforce
from .lists import (
    check_figures,
    claims,
    error_catalogue,
    errors_shown,
    navigation,
    needed,
    other_errors,
    pages_using,
    questionnaire,
    questions,
    recorded_runs,
    reproductions,
    tested_with,
)
from .page import (
    api_reference,
    drawings,
    error_outputs,
    explorers,
    folded,
    image_sizes,
    maths,
    measured,
    notebook_links,
    other_device,
    ran_on,
    reading_time,
    related,
    trimming,
)
from .publishing import (
    addresses,
    downloads,
    install,
    inventories,
    pruning,
    same_each_build,
    search_sections,
    take_along,
    twins,
    wheel,
    without_comments,
)
from .runs import cards, parallel, stale_pages

Handler = Callable[..., Any]
Placed = TypeVar("Placed")

# Where others run.
GALLERY_DEFAULTS = 10  # the gallery adds its defaults to the settings
OTHERS = 500  # Sphinx's own priority for whoever asks for none: almost all others, and the gallery when it runs scripts
NUMBERS_OF_SECTIONS, READ = 710, 880  # docutils numbers and lists sections; Sphinx takes titles and metadata of a page
GALLERY_LINKS, REFERENCES, IMAGES = 5, 10, 150  # links in code; links in prose; the files of images

# In the order in which the events happen.
HANDLERS: dict[str, Sequence[Handler | int]] = {
    "config-inited": [
        ending.stop_at_once,  # before anything is run
        stale_pages.prepare_settings,  # keeps the settings that were written: the defaults need no fingerprint
        GALLERY_DEFAULTS,
        OTHERS,
        addresses.add_page_not_found,
        search_sections.add_page,
    ],
    "builder-inited": [
        stale_pages.begin_build,  # whom all others here ask
        stale_pages.forget_stale_scripts,  # by now the gallery has its settings, and has run nothing
        stale_pages.forget_stale_notebooks,
        parallel.run_stale_pages,
        OTHERS,  # the gallery takes what ran in parallel, runs what is left, and writes its pages
        parallel.give_back,
        ending.stop_at_failed_scripts,
        cards.use_cards,  # in the place of the thumbnails that the gallery has written
        same_each_build.bring_the_style_of_notebooks,
        search_sections.switch_off_the_search_of_sphinx,
        wheel.build_wheel,
    ],
    "env-get-outdated": [
        OTHERS,
        recorded_runs.read_again,
        stale_pages.read_stale_notebooks,
        stale_pages.read_what_ran_elsewhere,
        other_device.read_again,
        pages_using.read_pages,
    ],
    "doctree-read": [OTHERS, addresses.note_description],
    "autodoc-process-signature": [OTHERS, api_reference.name_types],
    "env-updated": [
        OTHERS,
        stale_pages.record_notebooks,  # the last of the pages that ran: below, all are known to be current or not
        check_figures.write_again,
        error_catalogue.write_script,  # before Sphinx looks at the files that pages load
        error_catalogue.write_again,
        other_errors.write_again,
        navigation.write_again,
        api_reference.write_linking_pages,
        enforce.enforce,  # what it says of the pages stands at the end
    ],
    "missing-reference": [OTHERS, api_reference.link_name],  # after other projects' names: their links are right
    "doctree-resolved": [OTHERS, check_figures.fill_in, error_catalogue.put_links, other_errors.put_list],
    "html-page-context": [
        OTHERS,
        related.add_related,
        take_along.add_actions,
        take_along.add_archive,
        addresses.add_tags,
        measured.write_measured,
        take_along.add_how_to_run,  # the foot of the page, below what is related
        ran_on.append_run,
        search_sections.add_scripts,
        explorers.add_explorers,
        twins.write_twin,  # of the finished body
        trimming.drop_second_viewport,
        trimming.drop_unused,  # when all others have named their style sheets
    ],
    "build-finished": [
        OTHERS,
        downloads.write_downloads,
        without_comments.write_lighter,
        addresses.write_sitemap,
        twins.write_index,
        search_sections.write_sections,
        pruning.remove_what_is_gone,  # of all that was written above, what belongs to no page
    ],
}

# While a page is read.
TRANSFORMS: Sequence[type[Any] | int] = [
    cards.DescribeCards,
    cards.TellCards,
    other_device.ShowRecord,  # before errors and measured figures are marked, in the record as on the page
    error_outputs.MarkErrors,
    trimming.RemoveGalleryFurniture,
    reading_time.SayReadingTime,
    folded.FoldSolutions,  # before sections are numbered and listed: a solution is none
    NUMBERS_OF_SECTIONS,
    READ,  # titles have their quotes, and Sphinx has read them
    errors_shown.CollectErrors,
    search_sections.CollectSections,
    measured.CollectMeasured,
    folded.FoldMore,  # whose sections are still searched, and listed beside the page
]

# Before a page is written.
POST_TRANSFORMS: Sequence[type[Any] | int] = [
    GALLERY_LINKS,
    notebook_links.NotebookLinks,
    trimming.PlainVariables,  # the gallery has linked them
    REFERENCES,
    IMAGES,
    drawings.PutDrawings,
    image_sizes.StateSizes,  # of the images that are left: Sphinx makes a link of what states a size
]

NODES: dict[type[Any], dict[str, Any]] = {
    check_figures.check_figures: {},
    drawings.drawing: {"html": (drawings.visit_drawing, None)},
    error_catalogue.error_links: {},
    other_errors.other_errors: {},
    install.install: {"html": (install.visit_install, None)},
    folded.folded: {"html": (folded.visit_folded, folded.depart_folded)},
}

DIRECTIVES: dict[str, type[Any]] = {
    "check-figures": check_figures.CheckFigures,
    "claims": claims.Claims,
    "devices": recorded_runs.Devices,
    "error-catalogue": error_catalogue.ErrorCatalogue,
    "install": install.Install,
    "needed": needed.Needed,
    "other-errors": other_errors.OtherErrors,
    "pages-using": pages_using.PagesUsing,
    "questionnaire": questionnaire.Questionnaire,
    "questionnaire-numbers": questionnaire.QuestionnaireNumbers,
    "questions": questions.Questions,
    "reproductions": reproductions.Reproductions,
    "tested-with": tested_with.TestedWith,
}

# A setting's name, its value where none is given, what is made anew when it changes, and what it says.
SETTINGS: Sequence[tuple[str, Any, Literal["", "html"], str]] = [
    ("tensorglass_gallery_settings", {}, "", "The gallery's settings, as they were written."),
    ("tensorglass_notebooks", "", "html", "Notebooks on GitHub."),
    ("tensorglass_only", "", "", "The one page to execute."),
    ("tensorglass_repository", "", "html", "The repository's address."),
    ("tensorglass_summary", "", "html", "What the site is, in a sentence."),
    ("tensorglass_wheel", "", "", "The wheel's file name."),
    ("tensorglass_workers", 0, "", "Pages at a time; 0: one a core."),
]


def placed(steps: Sequence[Placed | int]) -> Iterator[tuple[Placed, int]]:
    """Yield what is ours with its priority: one more than what stands above it, or so many less than what stands below.

    >>> list(placed(["a", "b", 10, "c", 500, "d"]))
    [('a', 8), ('b', 9), ('c', 11), ('d', 501)]
    """
    numbers = [(place, step) for place, step in enumerate(steps) if isinstance(step, int)]
    for place, step in enumerate(steps):
        if not isinstance(step, int):
            above = [(there, number) for there, number in numbers if there < place]
            there, number = above[-1] if above else numbers[0]
            yield step, number + place - there


def register(app: Sphinx) -> dict[str, Any]:
    """Register all of the above with Sphinx, and return what it asks of an extension."""
    for name, value, made_anew, said in SETTINGS:
        app.add_config_value(name, value, made_anew, types=[type(value)], description=said)
    for node, writers in NODES.items():
        app.add_node(node, **writers)
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    app.add_html_math_renderer("drawn", (maths.visit_math, None), (maths.visit_display, None))
    for transform, priority in placed(TRANSFORMS):
        transform.default_priority = priority
        app.add_transform(transform)
    for transform, priority in placed(POST_TRANSFORMS):
        transform.default_priority = priority
        app.add_post_transform(transform)
    for event, steps in HANDLERS.items():
        for handler, priority in placed(steps):
            app.connect(event, handler, priority)
    same_each_build.join_streams()
    return {"env_version": version(Path(app.srcdir)), "parallel_read_safe": True}


def version(docs: Path) -> int:
    """Return a number that changes with this extension and with the inventories: Sphinx then reads all pages again."""
    sources = b"\0".join(path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
    digest = hashlib.sha256(sources + inventories.digest(docs / "inventories").encode())
    return int(digest.hexdigest()[:8], 16)
