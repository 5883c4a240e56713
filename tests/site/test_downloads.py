"""What can be taken along from the site: one archive of everything."""

import io
import zipfile

from _ext.publishing.downloads import archive


def test_an_archive_does_not_tell_when_and_in_which_order_it_was_made():
    contents = {"b.py": b"# b", "a.py": b"# a"}
    made = archive(contents)
    assert made == archive(dict(reversed(contents.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert {name: read.read(name) for name in read.namelist()} == contents
        assert {info.date_time for info in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}
