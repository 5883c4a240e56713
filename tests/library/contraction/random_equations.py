"""Random einsum equations with shapes for their operands, most of them valid, and what each contains.

Used by the comparisons with torch.einsum. Each case lists its features, so that a test can tell how many of a kind it
has seen.
"""

import random
from dataclasses import dataclass

LETTERS = "ijklmAB"
MALFORMED = {
    "a strange character": lambda text, rng: _inserted(text, rng.choice("1_*é\t;:"), rng),
    "a lone dot": lambda text, rng: _inserted(text, rng.choice([".", "..", ". . ."]), rng),
    "a second arrow": lambda text, rng: text + "->",
    "a broken arrow": lambda text, rng: (
        text.replace("->", rng.choice(["- >", ">", "-", "=>"])) if "->" in text else text + "-"
    ),
    "a second ellipsis": lambda text, rng: "......" + text,
    "a comma in the output": lambda text, rng: text + "," if "->" in text else text + "->,",
    "an unknown output letter": lambda text, rng: text.split("->")[0] + "->z",
    "a repeated output letter": lambda text, rng: text.split("->")[0] + "->" + 2 * _any_letter(text, rng),
    "too many terms": lambda text, rng: "i," + text,
    "a letter too many": lambda text, rng: "z" + text,
}


@dataclass
class Case:
    """An equation or sublists, the shapes of its operands, and its features."""

    equation: str
    shapes: list[tuple[int, ...]]
    features: set[str]
    sublists: tuple[list, list | None] | None = None

    def arguments(self, operands):
        """Return the arguments of einsum for these operands."""
        if self.sublists is None:
            return (self.equation, *operands)
        terms, output = self.sublists
        pairs = [part for pair in zip(operands, terms, strict=True) for part in pair]
        return (*pairs, output) if output is not None else tuple(pairs)


def random_case(rng: random.Random, invalid: float = 0.3) -> Case:
    """Return a case; a share `invalid` of them is broken on purpose."""
    features = set()
    letters = rng.sample(LETTERS, rng.randint(1, 4))
    sizes = {letter: rng.choice([1, 2, 2, 3, 3, 4]) for letter in letters}
    if rng.random() < 0.06:
        sizes[rng.choice(letters)] = 0
    dots = tuple(rng.choice([1, 2, 3]) for _ in range(rng.choice([0, 1, 1, 2]))) if rng.random() < 0.25 else None
    terms, shapes = [], []
    for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 4, 5])):
        term = [rng.choice(letters) for _ in range(rng.randint(0, 3))]
        shape = [1 if rng.random() < 0.06 and term.count(letter) == 1 else sizes[letter] for letter in term]
        if dots is not None and rng.random() < 0.7:
            covered = [1 if rng.random() < 0.15 else size for size in dots[rng.randint(0, len(dots)) :]]
            place = rng.randint(0, len(term))
            term.insert(place, "...")
            shape[place:place] = covered
            features.add("ellipsis")
        terms.append(term)
        shapes.append(tuple(shape))
    used = sorted({letter for term in terms for letter in term} - {"..."})
    output = None
    if rng.random() < 0.75:
        output = rng.sample(used, rng.randint(0, len(used)))
        if "ellipsis" in features and rng.random() < 0.8:
            output.insert(rng.randint(0, len(output)), "...")
    sublists = None
    text = ",".join("".join(term) for term in terms) + ("" if output is None else "->" + "".join(output))
    features |= _features(terms, shapes, output, sizes)
    if rng.random() < invalid:
        text, shapes = _broken(text, shapes, features, rng)
    elif rng.random() < 0.1:
        sublists = ([_numbers(term) for term in terms], None if output is None else _numbers(output))
        features.add("sublists")
    elif rng.random() < 0.1:
        text = text.replace(",", rng.choice([" , ", ", "])).replace("->", " -> ") + " "
        features.add("spaces")
    return Case(text, shapes, features, sublists)


def _features(terms, shapes, output, sizes):
    features = {f"{len(terms)} operands", "implicit output" if output is None else "explicit output"}
    if any(term.count(letter) > 1 for term in terms for letter in term if letter != "..."):
        features.add("repeats")
    if any(size == 0 for shape in shapes for size in shape):
        features.add("size 0")
    if any(
        size == 1 and sizes.get(letter, 1) > 1
        for term, shape in zip(terms, shapes, strict=True)
        if "..." not in term
        for letter, size in zip(term, shape, strict=True)
    ):
        features.add("size 1 against n")
    if any(letter.isupper() for term in terms for letter in term):
        features.add("capitals")
    if any(not shape for shape in shapes):
        features.add("0-dimensional")
    return features


def _broken(text, shapes, features, rng):
    shapes = list(shapes)
    kind = rng.choice([*MALFORMED, "a wrong size", "an axis too many", "an axis too few", "an operand too many"])
    place = rng.randrange(len(shapes))
    if kind == "a wrong size" and shapes[place]:
        axis = rng.randrange(len(shapes[place]))
        shapes[place] = (*shapes[place][:axis], 5, *shapes[place][axis + 1 :])
    elif kind == "an axis too many":
        shapes[place] = (*shapes[place], 2)
    elif kind == "an axis too few" and shapes[place]:
        shapes[place] = shapes[place][1:]
    elif kind == "an operand too many":
        shapes.append((2,))
    elif kind in MALFORMED:
        text = MALFORMED[kind](text, rng)
    features.add(kind)
    return text, shapes


def _inserted(text, part, rng):
    place = rng.randint(0, len(text))
    return text[:place] + part + text[place:]


def _any_letter(text, rng):
    return rng.choice([letter for letter in text if letter.isalpha()] or ["i"])


def _numbers(term):
    return [... if letter == "..." else ord(letter) - (65 if letter.isupper() else 71) for letter in term]
