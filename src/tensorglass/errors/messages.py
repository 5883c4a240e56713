"""The message in what was pasted: the last line of a traceback, a whole one, or the message without its type."""

from __future__ import annotations

import re
from typing import NamedTuple

# At the beginning of a line, perhaps after what pytest, Markdown, a log or a notebook puts there.
_TYPE = r"(?P<type>(?:[A-Za-z_]\w*\.)*_?[A-Z]\w*(?:Error|Exception|Warning|Interrupt))"
_BEFORE = r"[ \t>|`*#E\d.:\[\]-]{0,40}?(?:\[rank\d+\]:\s*)?(?:\w{0,40}: )?"
_HEAD = re.compile(rf"^{_BEFORE}{_TYPE}\s*:[ \t]*(?P<rest>.*)$", re.MULTILINE)
_LONGEST = 200_000  # characters at the end of what was pasted: a message is the last that a program says
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Message(NamedTuple):
    """A message, with the name of its type where that was given."""

    type: str
    text: str


def message_in(pasted: str) -> Message:
    r"""Return the last error of a text.

    >>> message_in("Traceback (most recent call last):\n  ...\nIndexError: Target 7 is out of bounds.\n")
    Message(type='IndexError', text='Target 7 is out of bounds.')
    >>> message_in("E   torch.OutOfMemoryError: CUDA out of memory.").type
    'OutOfMemoryError'
    >>> message_in("Target 7 is out of bounds.").text
    'Target 7 is out of bounds.'
    """
    text = _COLOUR.sub("", pasted[-_LONGEST:]).strip()
    heads = list(_HEAD.finditer(text))
    if not heads:
        return Message("", text)
    last = heads[-1]
    return Message(last["type"].rpartition(".")[2], text[last.start("rest") :].strip())


def message_of(error: BaseException) -> Message:
    """Return type and message of an exception; of one that came from a worker, those that it tells of."""
    try:
        text = str(error)
    except Exception:  # a class of the program's may fail here
        text = ""
    if isinstance(error, KeyError) and len(error.args) == 1 and isinstance(error.args[0], str):
        text = error.args[0]
    if "Original Traceback" in text:
        return message_in(text)
    return Message(type(error).__name__, text)
