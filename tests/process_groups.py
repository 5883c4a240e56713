"""Tests that share an `xdist_group` share a process, also with this pytest.

pytest-xdist 3.8 writes the group into `_nodeid`, where pytest kept the name of a test before 9.2, and reads it from the
name. Without this, `--dist loadgroup` leaves each test to any process, and says nothing.
"""

import re

import pytest


@pytest.hookimpl(trylast=True)  # when all markers are there
def pytest_collection_modifyitems(config, items):
    if not config.getoption("loadgroup", False):  # set in each process that runs tests, and nowhere else
        return
    for item in items:
        marker = item.get_closest_marker("xdist_group")
        if marker and not item.nodeid.endswith(f"@{marker.args[0]}"):
            item._id = type(item.id).parse(f"{item.nodeid}@{marker.args[0]}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    """Tell what came from another process by the name that a test has in this one: without its group."""
    if hasattr(report, "node"):
        report.nodeid = re.sub(r"(::.*)@[^]@]*$", r"\1", report.nodeid)
