"""The package as a whole: its names, and what importing it costs."""

import ast
import doctest
import functools
import importlib
import inspect
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typed_program

import tensorglass

SOURCE = Path(tensorglass.__file__).parent
TESTS = Path(__file__).parent
PARTS = sorted(path.name for path in SOURCE.glob("[!_]*/"))
OF_THE_WHOLE = {
    "test_layout": "which modules use which",
    "test_on_a_gpu": "the same comparisons of all parts, on a device that few have",
    "test_package": "its names, and what importing it costs",
}


# Parts of public results that no reader needs to name: how an equation was read, and sets of places in memory.
UNDER_THE_SURFACE = {"Equation", "Places", "VarianceMap"}


def modules():
    names = [".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in sorted(SOURCE.rglob("*.py"))]
    return [importlib.import_module(name.removesuffix(".__init__")) for name in names]


def loaded_after(*steps):
    """Return, for each step, the names of the modules that a fresh interpreter has loaded once it has run it too."""
    program = "\n".join(f"{step}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))" for step in steps)
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return [set(json.loads(line)) for line in out.splitlines()]


def test_every_public_name_is_defined_in_its_module():
    for name, module in tensorglass.PUBLIC_NAMES.items():
        value = getattr(tensorglass, name)
        assert getattr(importlib.import_module(f"tensorglass.{module}"), name) is value
        assert value.__module__ == ("tensorglass" if isinstance(value, type) else f"tensorglass.{module}")
        assert value.__name__ == name
        assert value.__doc__
    assert set(tensorglass.__all__) == set(tensorglass.PUBLIC_NAMES) <= set(dir(tensorglass))


def public_classes():
    return [value for name in tensorglass.PUBLIC_NAMES if isinstance(value := getattr(tensorglass, name), type)]


def test_what_calls_itself_public_stands_in_the_table():
    for path in SOURCE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            decorators = [ast.unparse(each) for each in getattr(node, "decorator_list", [])]
            assert ("public" in decorators) == (
                isinstance(node, ast.ClassDef) and node.name in tensorglass.PUBLIC_NAMES
            )


def test_the_classes_of_results_and_of_their_fields_are_public():
    """All classes of the library that the annotations of a public class name, its fields and properties."""
    own = {name: value for module in modules() for name, value in vars(module).items() if isinstance(value, type)}
    for cls in public_classes():
        hints = [str(each) for base in cls.__mro__ for each in vars(base).get("__annotations__", {}).values()]
        hints += [
            str(value.fget.__annotations__["return"]) for value in vars(cls).values() if isinstance(value, property)
        ]
        named = {word for hint in hints for word in re.findall(r"\w+", hint)} & set(own)
        missing = {word for word in named if own[word].__module__.startswith("tensorglass.")} - set(UNDER_THE_SURFACE)
        assert missing == set(), cls


def test_public_classes_have_their_examples_run():
    # The tests of a module's docstrings pass over classes that name another module.
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    examples = 0
    for cls in public_classes():
        for test in finder.find(cls, module=False, globs={}):
            runner.run(test)
            examples += len(test.examples)
    assert runner.failures == 0
    assert examples > 0


def test_public_classes_can_be_pickled_by_the_name_that_they_have():
    assert pickle.loads(pickle.dumps(public_classes())) == public_classes()


def test_type_checkers_see_the_same_names():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    guarded = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert guarded == tensorglass.PUBLIC_NAMES


def test_completion_offers_the_public_names_alone_whatever_was_imported():
    complete = "rlcompleter.Completer({'tensorglass': tensorglass}).attr_matches('tensorglass.')"
    program = f"""
import importlib, rlcompleter, tensorglass
found = dir(tensorglass)
offered = [each.removeprefix("tensorglass.").rstrip("()") for each in {complete}]
for name in {[module.__name__ for module in modules()]}:
    importlib.import_module(name)
print([found == dir(tensorglass), offered, [name for name in found if not name.startswith("__")]])
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    names = sorted(tensorglass.PUBLIC_NAMES)
    assert ast.literal_eval(told) == [True, names, names]
    assert set(dir(tensorglass)) >= {"__all__", "__doc__", "__file__", "__version__"}


def rooms():
    """Return what the package says of its names: the lines of each part, by its name and what is said of it."""
    _, *parts = tensorglass.__doc__.split("\n\n")
    return {tuple(head.split(": ", 1)): lines.splitlines() for head, lines in zip(parts[::2], parts[1::2], strict=True)}


def test_each_name_has_a_line_with_what_it_says_of_itself():
    said = dict(line.strip().split(maxsplit=1) for lines in rooms().values() for line in lines)
    assert said == {
        name: inspect.getdoc(getattr(tensorglass, name)).splitlines()[0] for name in tensorglass.PUBLIC_NAMES
    }


def test_it_stands_in_the_room_that_defines_it():
    found = rooms()
    for (room, words), lines in found.items():
        assert words == getattr(tensorglass, room).__doc__
        names = [line.split()[0] for line in lines]
        assert {tensorglass.PUBLIC_NAMES[name].split(".")[0] for name in names} == {room}
        assert len({line.index(line.split()[1], 4 + len(line.split()[0])) for line in lines}) == 1  # one column
    assert [room for room, _ in found] == sorted({where.split(".")[0] for where in tensorglass.PUBLIC_NAMES.values()})


def test_functions_come_before_the_classes_of_their_results():
    for lines in rooms().values():
        names = [line.split()[0] for line in lines]
        assert names == sorted(names, key=lambda name: (isinstance(getattr(tensorglass, name), type), name))


def test_a_name_without_documentation_has_a_line_too(monkeypatch):
    monkeypatch.setattr(tensorglass.memory_of, "__doc__", None)
    assert "\n    memory_of      \n" in tensorglass.__doc__


def test_help_begins_with_it_in_a_terminal():
    command = [sys.executable, "-m", "pydoc", "tensorglass"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    shown = [line.strip() for line in told.splitlines() if line.strip()]
    assert shown[1:4] == ["NAME", "tensorglass - Questions about tensors, answered by running them.", "DESCRIPTION"]
    lines = [line.strip() for line in tensorglass.__doc__.splitlines() if line][1:]
    assert shown[4 : 4 + len(lines)] == lines
    assert "FUNCTIONS" in shown


def test_the_version_is_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", tensorglass.__version__)


def version(text):
    return tuple(map(int, text.split(".")))


@pytest.mark.parametrize("name", tensorglass.PUBLIC_NAMES)
def test_a_docstring_says_since_when_the_name_is_there(name):
    summary, *_ = re.split(r"\n\w+\n-{3,}\n", inspect.cleandoc(getattr(tensorglass, name).__doc__))
    added = re.findall(r"\n\n\.\. versionadded:: (\d+\.\d+\.\d+)(?:\n|$)", summary)
    assert len(added) == 1
    assert version("0.2.0") <= version(added[0]) <= version(tensorglass.__version__)  # the first that was published


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tensorglass' has no attribute 'nonsense'"):
        tensorglass.nonsense  # noqa: B018 - the access is what is tested


def test_importing_loads_nothing():
    (loaded,) = loaded_after("import tensorglass")
    assert "torch" not in loaded
    assert {name for name in loaded if name.startswith("tensorglass")} == {"tensorglass"}


def test_matplotlib_is_loaded_only_when_something_is_drawn():
    explain = "import tensorglass; explanation = tensorglass.explain_broadcast((3,), (3, 4)); str(explanation)"
    draw = "import matplotlib; matplotlib.use('agg'); explanation.plot()"
    explained, drawn = loaded_after(explain, draw)
    assert "matplotlib" not in explained
    assert "matplotlib.pyplot" in drawn


def test_it_runs_programs_under_its_name():
    command = [sys.executable, "-m", "tensorglass", "-m", "tensorglass", "--help"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.startswith("usage: python -m tensorglass script.py")


def test_it_is_an_extension_of_ipython():
    from types import SimpleNamespace

    told = []
    events = SimpleNamespace(callbacks={"post_run_cell": []}, register=lambda *args: told.append(args))
    tensorglass.load_ipython_extension(SimpleNamespace(events=events))
    ((event, shown),) = told
    events.callbacks[event].append(shown)
    events.unregister = lambda *args: told.remove(args)
    tensorglass.unload_ipython_extension(SimpleNamespace(events=events))
    assert told == []


def test_typed():
    assert (SOURCE / "py.typed").exists()


def test_the_typed_program_uses_every_public_function():
    nodes = ast.walk(ast.parse(inspect.getsource(typed_program)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    functions = {name for name in tensorglass.PUBLIC_NAMES if not isinstance(getattr(tensorglass, name), type)}
    assert functions - names == set()


@pytest.mark.parametrize("part", typed_program.PARTS, ids=lambda part: part.__name__)
def test_the_typed_program_runs(part):
    part()


@pytest.mark.parametrize("module", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_one_module_imports_matplotlib_and_report_knows_nobody(module):
    tree = ast.parse(module.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    guarded = {"matplotlib.axes"}  # for type checkers alone
    if module != SOURCE / "drawing.py":
        assert not {name for name in imported - guarded if name.startswith("matplotlib")}
    if module == SOURCE / "report.py":
        relative = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
        assert relative == []


@pytest.mark.parametrize("module", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_what_is_private_of_torch_is_named_in_one_module(module):
    tree = ast.parse(module.read_text())
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
    }
    private = {name for name in imported if re.search(r"\._[a-z]", name, re.IGNORECASE) and not name.startswith("__")}
    private |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_private(node.attr)}
    assert (private - defined_here() == set()) == (module.name != "torch_internals.py")


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


@functools.cache
def defined_here():
    """Return the private names that the library gives itself: functions, classes, and attributes of objects."""
    names = {"_fields", "_replace", "_getframe"}  # of named tuples, and of `sys`: Python documents them
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)  # the field of a dataclass
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
    return names


def test_no_module_has_a_public_name():
    # Importing such a module would put it in the place of the name.
    modules = {path.stem for path in SOURCE.iterdir()}
    assert modules & set(tensorglass.PUBLIC_NAMES) == set()


def test_the_first_einsum_waits_for_no_import():
    # Arithmetic on meta or fake tensors would import 800 modules, for a second.
    call = "einsum('ij,i,jk->k', torch.eye(2), torch.ones(2), torch.eye(2))"
    (loaded,) = loaded_after(f"import torch\nfrom tensorglass import einsum\n{call}")
    assert {"sympy", "torch._dynamo"} & loaded == set()


def named_tests(part):
    return sorted(path.stem for path in (TESTS / part).glob("test_*.py"))


@pytest.mark.parametrize("part", PARTS)
def test_the_tests_of_a_part_are_named_after_its_modules(part):
    modules = {f"test_{path.stem}" for path in (SOURCE / part).glob("[!_]*.py")}
    assert set(named_tests(part)) <= modules
    assert named_tests(part)


def test_the_tests_of_the_ground_are_named_after_its_modules():
    modules = {f"test_{path.stem}" for path in SOURCE.glob("[!_]*.py")}
    assert set(named_tests("")) == modules | set(OF_THE_WHOLE)


def test_every_test_is_in_one_room():
    across = ["works_on"]  # asks all functions about all kinds of tensors and models
    assert sorted(path.name for path in TESTS.glob("[!_]*/")) == sorted([*PARTS, *across])
    rooms = ["", *PARTS, *across]
    assert len(list(TESTS.rglob("test_*.py"))) == sum(len(named_tests(room)) for room in rooms)
    tests = [(ast.dump(node), path) for path in TESTS.rglob("test_*.py") for node in ast.parse(path.read_text()).body]
    seen = {}
    for test, path in tests:
        if test.startswith("FunctionDef(name='test_"):
            assert test not in seen, f"{seen[test]} and {path} have the same test"
            seen[test] = path
