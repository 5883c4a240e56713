"""Messages as a pattern of the catalogue words them, with other numbers each time."""

import re
import re._parser as parser  # as `re` reads a pattern: the standard library has no public way

# What may stand where a part of a pattern is named: those are taken that the part takes.
NUMBERS = "0 1 1 2 3 3 4 5 7 12 64 784 -1 -2".split()
BYTES = "48 268435456 805306368 536870912000 4294967297 99999999999".split()
SHAPES = (
    "[{}]|[{}]|[{}, {}]|[{}, {}]|[{}, {}, {}]|[{}, {}, {}, {}]|[{}, {}, {}, {}, {}]|[]|({},)|({}, {})|({}, {}, {})|()|"
    "{}x{}|[{} x {}]|[{}x{}]|{}x{}x{}|{} x {}|{}|({},) ({},{}) |({},{}) ({},{}) |({},{}) ({},) |({},{},{}) ({},{}) |"
    "() ({},) |({},) ({},) ({},) |({},{}) |[{}], [{}]|[{}], [{}, {}]|[{}], [{}], [{}]"
).split("|")
SIZES = [0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 64]
WORDS = (
    "Float|Double|Half|Long|BFloat16|float|c10::Half|torch.cuda.HalfTensor|torch.FloatTensor|long int|unsigned char|"
    "struct c10::BFloat16|Bool|bool|double|cuda|cuda:0|cpu|mps:0|CUDA|i|conv1.weight|x|weight|mean|var|numpy.ndarray|"
    "numpy.object_|list|MulBackward0|SqrtBackward0|LogBackward0|addmm_impl_cpu_|gather|Tensor|linear|2D|3D|2D or 3D|4D|"
    '5D|2.00 GiB|512 bytes|1.50 KiB|100.00 MiB|20.25 GiB|"fc.weight", "fc.bias". |'
    '"module.fc.weight", "module.fc.bias". |"fc.weight". |"model.a", "b". |"_orig_mod.fc.weight" |'
    '"net.fc.weight", "net.fc.bias". |"module.fc.weight". '
).split("|")
LETTERS = " abcdefXYZ_0123456789,.[]():"
OF_CATEGORY = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": "abXY_09",
    "CATEGORY_NOT_SPACE": "ab./",
}
TIMES = 3  # of what may stand any number of times


def message(pattern, draw):
    """Return a text in which the pattern is found."""
    for _ in range(50):
        text = _Writer(pattern, draw).text(list(parser.parse(pattern.pattern)))
        if pattern.search(text):
            return text
    raise AssertionError(f"no text was made for {pattern.pattern}")


class _Writer:
    def __init__(self, pattern, draw):
        self.draw = draw
        self.parts = _parts(pattern)
        self.written = {}  # by the number of a part

    def text(self, tree):
        return "".join(self._of(str(name), value) for name, value in tree)

    def _of(self, name, value):
        """Return a text for one part of a parsed pattern; none for what stands before or behind."""
        draw = self.draw
        match name, value:
            case "LITERAL", code:
                text = chr(code)
            case "NOT_LITERAL", code:
                text = draw.choice([letter for letter in LETTERS if letter != chr(code)])
            case "ANY", _:
                text = draw.choice(LETTERS)
            case "IN", choices:
                text = self._one_of(choices)
            case "BRANCH", (_, branches):
                text = self.text(draw.choice(branches))
            case "SUBPATTERN", (number, _, _, inside):
                name, source = self.parts.get(number, ("", "(?!)"))
                fitting = [text for text in self._values(name) if re.fullmatch(source, text)]
                text = self.written[number] = draw.choice(fitting) if fitting else self.text(inside)
            case "GROUPREF", number:
                text = self.written[number]
            case (("MAX_REPEAT" | "MIN_REPEAT"), (least, most, inside)):
                is_space = str(inside[0][1]) == "[(CATEGORY, CATEGORY_SPACE)]"
                count = 1 if is_space else draw.randint(least, min(most, least + TIMES))
                text = "".join(self.text(inside) for _ in range(count))
            case _:
                text = ""
        return text

    def _values(self, name):
        draw = self.draw
        if name == "bytes":
            return BYTES
        shapes = (re.sub(r"\{\}", lambda _: str(draw.choice(SIZES)), draw.choice(SHAPES)) for _ in range(12))
        return [draw.choice(NUMBERS), *shapes, *WORDS]

    def _one_of(self, choices):
        if str(choices[0][0]) == "NEGATE":
            taken = {chr(value) for name, value in choices[1:] if str(name) == "LITERAL"}
            return self.draw.choice([letter for letter in LETTERS if letter not in taken])
        name, value = self.draw.choice(choices)
        if str(name) == "RANGE":
            return chr(self.draw.randint(*value))
        return chr(value) if str(name) == "LITERAL" else self.draw.choice(OF_CATEGORY[str(value)])


def _parts(pattern):
    """Return name and source of each named part of a pattern, by its number."""
    source, found = pattern.pattern, {}
    for start in re.finditer(r"\(\?P<(\w+)>", source):
        depth, place, inside = 1, start.end(), False
        while depth:
            letter = source[place]
            if letter == "\\":
                place += 1
            elif inside:
                inside = letter != "]"
            elif letter == "[":
                inside = True
            else:
                depth += {"(": 1, ")": -1}.get(letter, 0)
            place += 1
        found[pattern.groupindex[start[1]]] = start[1], source[start.end() : place - 1]
    return found
