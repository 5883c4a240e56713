"""The house: the parts of the package, which of them use which, and what each kind of module may hold.

All is read from the imports, wherever they stand: also inside functions, and those for type checkers alone.
"""

import ast
import re
from pathlib import Path

import pytest
from places import ROOT

import tensorglass

SOURCE = Path(tensorglass.__file__).parent
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts): path
    for path in sorted(SOURCE.rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py")  # these two lead to all others
}
# What each part may use beside itself and the ground, which are the modules in no part.
MAY_USE = {
    "autograd": {"memory", "storage"},
    "broadcasting": set(),
    "contraction": {"storage"},
    "errors": {"broadcasting", "storage"},
    "initialization": {"signals", "storage"},
    "memory": {"storage"},
    "pages": set(),
    "signals": set(),
    "storage": set(),
}
ENTRIES = 17  # in the package's folder, which a reader takes in at a glance
LONGEST = 300  # lines
# Pictures are of plain data. These print themselves too, as rows of the reports that are drawn, and draw nothing.
PRINT_THEMSELVES = {"broadcasting.axes", "memory.peak"}


def tree_of(name):
    return ast.parse(MODULES[name].read_text("utf-8"))


def named_by(node, name):
    """Yield the names, as seen from the package, that an import with dots could mean: all here have dots."""
    if isinstance(node, ast.ImportFrom) and node.level:
        module = [*name.split(".")[: -node.level], *(node.module or "").split(".")]
        yield from (".".join(filter(None, [*module, last])) for last in ("", *(alias.name for alias in node.names)))


def imports_in(tree, name):
    """Return the modules of the package that some code in a module imports."""
    return {each for node in ast.walk(tree) for each in named_by(node, name) if each in MODULES}


USED = {name: imports_in(tree_of(name), name) for name in MODULES}


def part_of(name):
    """Return the part that a module is in; the ground has none."""
    return name.rpartition(".")[0]


def test_the_folder_is_taken_in_at_a_glance():
    assert len([path for path in SOURCE.iterdir() if path.name != "__pycache__"]) <= ENTRIES


def test_the_parts_are_those_that_are_known():
    assert {part_of(name) for name in MODULES} == {"", *MAY_USE}


@pytest.mark.parametrize("part", MAY_USE)
def test_a_part_uses_itself_the_ground_and_what_it_may_use(part):
    used = {part_of(used) for name in MODULES if part_of(name) == part for used in USED[name]}
    assert used <= {part, "", *MAY_USE[part]}


def test_the_ground_uses_no_part():
    assert {part_of(used) for name in MODULES if part_of(name) == "" for used in USED[name]} <= {""}


def test_no_module_uses_itself_over_others():
    reached = dict(USED)
    for _ in MODULES:
        reached = {name: used.union(*(reached[other] for other in used)) for name, used in reached.items()}
    assert [name for name, used in reached.items() if name in used] == []


def test_no_module_is_long():
    assert [name for name, path in MODULES.items() if len(path.read_text("utf-8").splitlines()) > LONGEST] == []


@pytest.mark.parametrize("part", MAY_USE)
def test_a_part_says_what_it_holds_and_no_more(part):
    (statement,) = ast.parse((SOURCE / part / "__init__.py").read_text("utf-8")).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value.value, str)


def test_the_parts_are_imported_from_each_other_with_dots():
    # Inside the package its own name stands nowhere: a name that is imported so could be any module's.
    for name in MODULES:
        absolute = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.ImportFrom) and not node.level]
        roots = [node.module.split(".")[0] for node in absolute]
        roots += [
            alias.name for node in ast.walk(tree_of(name)) if isinstance(node, ast.Import) for alias in node.names
        ]
        assert "tensorglass" not in {root.split(".")[0] for root in roots}, name


def is_picture(name):
    return name.rpartition(".")[2] == "pictures"


def imported_early(name):
    """Return the modules of the package that a module imports outside of its functions."""
    tree = tree_of(name)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    outside = [node for node in ast.walk(tree) if id(node) not in inside]
    return {each for node in outside for each in named_by(node, name) if each in MODULES}


def test_pictures_are_imported_when_something_is_drawn():
    assert {name for name in MODULES if any(map(is_picture, imported_early(name)))} == set()


def prints(name):
    """Tell whether a module defines a class of results."""
    classes = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.ClassDef)]
    bases = {re.match(r"\w*", ast.unparse(base))[0] for each in classes for base in each.bases}
    return bool(bases & {"Report", "Verdict", "Recording"})


def test_pictures_know_no_report():
    drawn = {used for name in MODULES if is_picture(name) for used in USED[name]} - {"report"}
    assert {name for name in drawn if prints(name)} == PRINT_THEMSELVES
    assert not {name for name in PRINT_THEMSELVES if any(map(is_picture, USED[name]))}


def pages():
    """The pages and guides, as they are written."""
    written = [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/[!_]*/*.md")]
    return [*ROOT.glob("examples/*/*.py"), *(path for path in written if "auto_examples" not in path.parts)]


def imported_by(text):
    """Return what a page imports: the modules of the package that it names, and the names from the package itself."""
    modules = re.findall(r"(?:from|import) tensorglass\.[\w.]+", text)
    statements = re.findall(r"from tensorglass import (\([^)]*\)|[^\n(]*)", text)
    return modules, {name for each in statements for name in re.findall(r"\w+", re.sub(r"#.*|\bas \w+", "", each))}


def test_pages_import_public_names_alone():
    seen = set()
    for page in pages():
        modules, names = imported_by(page.read_text("utf-8"))
        assert modules == [], page
        assert names <= {*tensorglass.PUBLIC_NAMES, "__version__"}, page
        seen |= names
    assert len(seen) > 20
