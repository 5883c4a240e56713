"""A plugin of pytest: tests of what needs a newer torch are skipped, by the sentence that the library raises there.

On torch 2.10 and newer it skips nothing, so that a library that refuses there fails.
"""

import pytest

from tensorglass.torch_internals import check_saved_tensors_readable

try:
    check_saved_tensors_readable()
except RuntimeError as refused:
    SENTENCE = str(refused)
else:
    SENTENCE = ""


def pytest_collection_modifyitems(items):
    for item in items:  # this example of the documentation counts what a graph keeps
        if SENTENCE and item.name == "tensorglass.memory.holdings.memory_of":
            item.add_marker(pytest.mark.skip(reason=SENTENCE))


def behind(error):
    """Yield an exception, and those that it tells of: in a doctest, in a group, and those that were raised before."""
    while error is not None:
        yield error
        for other in (*getattr(error, "exceptions", ()), getattr(error, "exc_info", (None, None))[1]):
            if other is not None:
                yield from behind(other)
        error = error.__cause__ or error.__context__


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if SENTENCE and call.excinfo and any(SENTENCE in str(error) for error in behind(call.excinfo.value)):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, SENTENCE)
    return report
