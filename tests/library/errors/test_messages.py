"""The message in what people paste."""

import time

import pytest

from tensorglass import explain_error
from tensorglass.errors.messages import message_in, message_of

SENTENCE = "Target 7 is out of bounds."


@pytest.mark.parametrize(
    "pasted",
    [
        f"IndexError: {SENTENCE}",
        f"IndexError:{SENTENCE}",
        f"E   IndexError: {SENTENCE}",
        f"E       IndexError: {SENTENCE}\n",
        f"> IndexError: {SENTENCE}",
        f"`IndexError: {SENTENCE}",
        f"**IndexError: {SENTENCE}",
        f"[rank3]: IndexError: {SENTENCE}",
        f"\x1b[31mIndexError\x1b[0m: {SENTENCE}",
        f"Traceback (most recent call last):\n  File 'a.py', line 3\n    f()\nIndexError: {SENTENCE}",
        f"ValueError: first\n\nDuring handling of the above, another exception occurred:\n\nIndexError: {SENTENCE}",
    ],
)
def test_type_and_text(pasted):
    message = message_in(pasted)
    assert message.type == "IndexError"
    assert message.text.startswith(SENTENCE)


def test_a_message_of_several_lines_is_kept():
    text = "Error(s) in loading state_dict for Net:\n\tsize mismatch for a: copying\n\tsize mismatch for b: copying"
    assert message_in(f"RuntimeError: {text}") == ("RuntimeError", text)


def test_without_a_type():
    assert message_in(f"  {SENTENCE} ") == ("", SENTENCE)
    assert message_in("") == ("", "")


def test_modules_before_the_type_are_left_out():
    assert message_in("torch.cuda.OutOfMemoryError: CUDA out of memory.").type == "OutOfMemoryError"
    assert message_in("torch._C._LinAlgError: singular").type == "_LinAlgError"


def test_a_word_that_is_no_type_is_part_of_the_text():
    assert message_in("Note: a sentence with a colon") == ("", "Note: a sentence with a colon")


def test_of_a_worker_the_original_is_taken():
    text = "Caught IndexError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
    text += f"IndexError: {SENTENCE}"
    assert message_of(RuntimeError(text)) == ("IndexError", SENTENCE)


def test_an_exception_that_cannot_be_printed():
    class SilentError(ValueError):
        def __str__(self):
            raise RuntimeError("no")

    assert message_of(SilentError("x")) == ("SilentError", "")


def test_a_missing_key_is_told_without_quotes():
    assert message_of(KeyError("weight")) == ("KeyError", "weight")


@pytest.mark.timing
@pytest.mark.parametrize("filling", ["\n", " ", ">", "E", "1", "a", "[", "aError", ": ", '"a", '])
def test_a_long_paste_takes_no_long_time(filling):
    text = f"IndexError: {SENTENCE}\n" + filling * (1_000_000 // len(filling)) + f"\nIndexError: {SENTENCE}"
    start = time.process_time()
    assert explain_error(text).kind == "target_class"
    assert not explain_error(filling * 300_000).known
    assert time.process_time() - start < 5


def test_only_the_end_of_a_long_paste_is_read():
    paste = f"IndexError: {SENTENCE}".ljust(200_000, ".")
    assert message_in(paste).type == "IndexError"
    assert message_in(paste + ".").type == ""
