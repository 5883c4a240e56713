"""Equations with shapes for the tests of the einsum explorer: valid ones, broken ones, and texts that mean nothing."""

import random
import string

LETTERS = "abijkzAZ"
SIZES = (0, 1, 2, 2, 3, 3)
NOISE = [*"ijkA", ",", ",", "...", "->", ".", "-", ">", " ", "1", "é", "\n", "\N{SQUARED CJK UNIFIED IDEOGRAPH-914D}"]
MARKS = ["1", "_", "-", ">", ".", "..", "...", ",", "->", "é", "!", " ", "\t"]


# What is rare among the random ones
SPECIAL = [
    *[("", []), ("i", []), ("", [[]]), (",", [[], []]), (",,", [[], [], []]), (",,,->", [[], [], [], []])],
    *[("->", [[]]), ("...", [[]]), ("...->", [[2, 3]]), ("->...", [[]]), ("i->...i", [[2]]), (" i j -> j i", [[2, 3]])],
    *[("ij,jk->ik", [[2, 0], [0, 3]]), ("Ba,aB", [[2, 3], [3, 2]]), ("i,i", [[1], [0]]), ("iii->i", [[3, 3, 3]])],
    *[("i,j,k->i,j", [[2], [2], [2]]), ("i,j,...,...", [[2], [2], [2]]), ("i,i,i", [[3], [1], [2]])],
    *[("...i,...j,...->......", [[2, 3], [3, 3], []]), ("...,ii...", [[4], [2, 2, 3]]), (" ij", [[2]])],
    *[("abij,ijc->abc", [[2, 3, 2, 3], [2, 3, 4]]), ("aij,ijbc->acb", [[2, 2, 3], [2, 3, 3, 4]])],
    *[("zbij,zjci->bzc", [[2, 3, 2, 3], [2, 3, 4, 2]]), ("k,k,i->i", [[0], [0], [0]])],
    *[("k...b,ab,bk...", [[2, 1], [2, 1], [1, 2, 5]]), ("Azj,b,Akb", [[4, 1, 2], [2], [4, 3, 2]])],
]


def random_cases(seed, count):
    """Return so many equations with shapes: half of them valid, most others broken in a place or two."""
    draw = random.Random(seed)
    kinds = draw.choices([valid, _broken, _noise], [10, 9, 1], k=count)
    return [kind(draw) for kind in kinds]


def valid(draw, all_sizes=SIZES):
    """Return an equation and shapes that fit it."""
    operands = draw.choice([1, 2, 2, 2, 3, 3, 4])
    letters = draw.sample(LETTERS, draw.randint(1, 5))
    sizes = {letter: draw.choice(all_sizes) for letter in letters}
    batch = [draw.choice(all_sizes) for _ in range(draw.randint(0, 2))]
    dotted = draw.random() < 0.35
    terms, shapes = zip(*(_term(draw, letters, sizes, batch if dotted else None) for _ in range(operands)), strict=True)
    equation = ",".join(terms)
    if draw.random() < 0.7:
        known = sorted(set(equation) & set(string.ascii_letters))
        output = draw.sample(known, draw.randint(0, len(known)))
        if draw.random() < 0.7 * dotted:
            output.insert(draw.randint(0, len(output)), "...")
        equation += "->" + "".join(output)
    if draw.random() < 0.2:
        at = draw.randint(0, len(equation))
        before, after = equation[:at], equation[at:]
        within = before.endswith((".", "-")) and after.startswith((".", ">"))
        equation = equation if within else f"{before} {after}"
    return equation, [list(shape) for shape in shapes]


def _term(draw, letters, sizes, batch):
    """Return one term and its shape. An axis may have size 1 instead, and a letter come twice."""
    chosen = draw.sample(letters, draw.randint(0, min(3, len(letters))))
    if chosen and draw.random() < 0.2:
        chosen.insert(draw.randint(0, len(chosen)), draw.choice(chosen))
    own = {letter: 1 if draw.random() < 0.12 else sizes[letter] for letter in chosen}
    axes = [(letter, [own[letter]]) for letter in chosen]
    if batch is not None and draw.random() < 0.8:
        covered = batch[draw.randint(0, len(batch)) :]
        dots = ("...", [1 if draw.random() < 0.2 else size for size in covered])
        axes.insert(draw.randint(0, len(axes)), dots)
    return "".join(text for text, _ in axes), [size for _, part in axes for size in part]


def _broken(draw):
    """Return a case with one or two places changed; now and then it is still valid."""
    equation, shapes = valid(draw)
    for _ in range(draw.choice([1, 1, 1, 2])):
        equation, shapes = draw.choice([_other_text, _other_text, _other_shapes])(draw, equation, shapes)
    return equation, shapes


def _other_text(draw, equation, shapes):
    at = draw.randint(0, len(equation))
    left, right = equation[:at], equation[at:]
    kind = draw.choice(["insert", "insert letter", "delete", "replace", "double", "output"])
    if kind == "insert":
        return left + draw.choice(MARKS) + right, shapes
    if kind == "insert letter":
        return left + draw.choice(LETTERS) + right, shapes
    if kind == "delete":
        return left + right[1:], shapes
    if kind == "replace":
        return left + draw.choice([*LETTERS, *MARKS]) + right[1:], shapes
    if kind == "double":
        return left + right[:1] + right, shapes
    return equation + (draw.choice(LETTERS) if "->" in equation else "->" + draw.choice(LETTERS)), shapes


def _other_shapes(draw, equation, shapes):
    shapes = [list(shape) for shape in shapes]
    kind = draw.choice(["size", "size", "axis more", "axis less", "shape more", "shape less"])
    place = draw.randrange(len(shapes))
    shape = shapes[place]
    if kind == "size" and shape:
        shape[draw.randrange(len(shape))] = draw.choice([0, 1, 2, 3, 4])
    elif kind == "axis more":
        shape.insert(draw.randint(0, len(shape)), draw.choice(SIZES))
    elif kind == "axis less" and shape:
        shape.pop(draw.randrange(len(shape)))
    elif kind == "shape more" and len(shapes) < 4:
        shapes.insert(place, [draw.choice(SIZES) for _ in range(draw.randint(0, 2))])
    elif kind == "shape less" and len(shapes) > 1:
        shapes.pop(place)
    return equation, shapes


def _noise(draw):
    shapes = [[draw.choice(SIZES) for _ in range(draw.randint(0, 3))] for _ in range(draw.randint(1, 4))]
    return "".join(draw.choices(NOISE, k=draw.randint(0, 8))), shapes
