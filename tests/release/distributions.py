"""Wheels and source archives: how they are built here, and what is in them."""

import os
import sys
import tarfile
import zipfile
from email import message_from_bytes

from places import ROOT
from programs import passed


def build(folder, **addresses):
    """Build both with what is installed here, for a project that lives at these addresses; return the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENSORGLASS_")}
    given = {f"TENSORGLASS_{name}": address for name, address in addresses.items()}
    passed([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], ROOT, kept, **given)
    return folder


def contents(path):
    """Return the files in a wheel or a source archive with what they hold; of an archive without its one folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as opened:
            return {name: opened.read(name) for name in opened.namelist()}
    with tarfile.open(path) as opened:
        files = [member for member in opened.getmembers() if member.isfile()]
        return {member.name.partition("/")[2]: opened.extractfile(member).read() for member in files}


def metadata(path):
    """Return the metadata of a wheel or a source archive. Its payload is the long description."""
    (name,) = (each for each in contents(path) if each == "PKG-INFO" or each.endswith(".dist-info/METADATA"))
    return message_from_bytes(contents(path)[name])


def unpacked(archive, folder):
    """Unpack a source archive into a folder, and return the one folder that it holds."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")
