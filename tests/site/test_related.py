"""The pages nearest to a page."""

from _ext.page.related import related


def test_pages_that_share_rare_names_are_nearest():
    names = {
        "a": {"common", "rare", "own"},
        "b": {"common"},
        "c": {"common", "rare"},
        "d": {"common"},
        "e": set(),
        "f": {"common"},
    }
    assert related("a", names) == ["c", "b", "d"]  # of equals, the first in the order of reading; three at most
    assert related("e", names) == []
