"""The build's extension is in rooms, between which arrows run one way; and what its list says is what Sphinx does."""

import ast
import doctest
import importlib
import io
from pathlib import Path

import _ext
import pytest
from _ext.order import HANDLERS, OTHERS, POST_TRANSFORMS, TRANSFORMS, version
from docutils.transforms.parts import SectNum
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

PACKAGE = Path(_ext.__file__).parent
ROOMS = (
    "sources",
    "runs",
    "law",
    "page",
    "javascript",
    "lists",
    "publishing",
)  # each imports from itself and those before it
MODULES = sorted(PACKAGE.rglob("*.py"))
IN_ROOMS = [path for path in MODULES if path.parent != PACKAGE and path.name != "__init__.py"]
LONGEST = 250  # lines


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def imported(path):
    """Return the modules of the package that a module imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1] / (node.module or "").replace(".", "/")
            names = [folder / f"{alias.name}.py" for alias in node.names]
            found |= {each for each in (folder.with_suffix(".py"), *names) if each.exists()}
    return found


def imports_by_its_full_name(path):
    """Tell whether a module names the package where a dot would do: such an import would not be seen here."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return any(name.split(".")[0] == PACKAGE.name for name in names)


def test_the_rooms_are_those_of_the_list():
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"} == set(ROOMS)
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "order.py"}


@pytest.mark.parametrize("path", IN_ROOMS, ids=name_of)
def test_a_module_imports_from_its_room_and_those_before_it(path):
    room = ROOMS.index(path.parent.name)
    assert {each.parent.name for each in imported(path)} <= set(ROOMS[: room + 1])
    assert not imports_by_its_full_name(path)


def test_no_module_imports_itself_over_others():
    reached = {path: imported(path) for path in MODULES}
    for _ in MODULES:
        reached = {path: others.union(*(reached[other] for other in others)) for path, others in reached.items()}
    assert [name_of(path) for path, others in reached.items() if path in others] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_holds_and_no_more(room):
    (statement,) = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8")).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value.value, str)


def test_no_module_is_long():
    assert [name_of(path) for path in MODULES if len(path.read_text("utf-8").splitlines()) > LONGEST] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_examples_in_docstrings_are_true(path):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as Sphinx has it when all extensions are loaded, and before anything happens."""
    docs, out = PACKAGE.parent, tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patched, docutils_namespace():
        patched.setenv("TENSORGLASS_MARK_MEASURED", "")  # which the configuration sets
        patched.setattr(Sphinx, "_init_builder", lambda app: None)  # which begins the build
        yield Sphinx(docs, docs, out, out, "html", status=None, warning=io.StringIO())


def check_order(steps, found):
    """Compare a list with what Sphinx has, each with its priority: ours in that order, and others where it says so."""
    found = sorted(found, key=lambda each: each[1])  # as Sphinx does
    ours, numbers = ({step for step in steps if isinstance(step, int) is number} for number in (False, True))
    others = {priority for each, priority in found if each not in ours}
    assert numbers - {OTHERS} <= others  # nobody need run where most do
    shown = [each if each in ours else priority for each, priority in found if each in ours or priority in numbers]
    once = [each for i, each in enumerate(shown) if i == 0 or each != shown[i - 1]]
    assert once == [step for step in steps if step in ours | others]


@pytest.mark.parametrize("event", HANDLERS)
def test_handlers_run_in_the_order_of_the_list(site, event):
    check_order(HANDLERS[event], [(each.handler, each.priority) for each in site.events.listeners[event]])


def test_transforms_run_in_the_order_of_the_list(site):
    check_order(TRANSFORMS, [(each, each.default_priority) for each in [SectNum, *site.registry.get_transforms()]])
    check_order(POST_TRANSFORMS, [(each, each.default_priority) for each in site.registry.get_post_transforms()])


def test_every_handler_of_the_build_is_in_the_list(site):
    ours = {
        each.handler
        for listeners in site.events.listeners.values()
        for each in listeners
        if each.handler.__module__.startswith("_ext.")
    }
    assert ours == {step for steps in HANDLERS.values() for step in steps if not isinstance(step, int)}


def test_the_gallery_runs_between_what_prepares_and_what_follows(site):
    listeners = sorted(site.events.listeners["builder-inited"], key=lambda each: each.priority)
    names = [each.handler.__name__ for each in listeners]
    wanted = ["forget_stale_scripts", "run_stale_pages", "generate_gallery_rst", "give_back", "use_cards"]
    assert [name for name in names if name in wanted] == wanted


def test_the_extension_is_one(site):
    assert [name for name in site.config.extensions if name.startswith("_ext")] == ["_ext"]
    assert site.extensions["_ext"].metadata["env_version"] == version(PACKAGE.parent)
    assert site.extensions["_ext"].parallel_read_safe
