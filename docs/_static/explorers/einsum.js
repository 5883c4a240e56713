// What an einsum means: its result, each letter's roles, the loops, the torch calls without einsum, and torch's message where
// it refuses. Roles, loops, warnings and counts are those of `plan_einsum` of the library, results and messages those of
// torch.einsum; the tests compare them. No page is touched here: see einsum_view.js.
//
// tensorglass.einsum("ij,jk->ik", [[2, 3], [3, 4]]) -> {ok, shape, error, letters: [{letter, roles, size, operands}], ...}
"use strict";

(() => {
  const ELLIPSIS = "...";
  const MOST_SHAPES = 4, MOST_AXES = 8; // beyond, a picture and a list of all orders help nobody
  const isLetter = (text) => /^[A-Za-z]$/.test(text);
  const isDots = (letter) => letter.startsWith(ELLIPSIS); // also one of the axes that they cover, such as "...0"

  // What torch refuses, and where in the equation it lies.
  class Refused extends Error {
    constructor(message, at) {
      super(message);
      this.at = at;
    }
  }

  function check(holds, message, at) {
    if (!holds) throw new Refused(message, at);
  }

  function einsum(equation, shapes) {
    try {
      return matched(equation, shapes);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      return { equation, shapes, ok: false, shape: null, error: refused.message, at: refused.at, letters: [] };
    }
  }

  // The checks of torch.einsum, in its order: the terms, the number of axes, the output, the sizes.

  function matched(equation, shapes) {
    check(shapes.length, "einsum(): must specify the equation string and at least one operand, " +
      "or at least one operand and its subscripts list", 0);
    if (shapes.length > 2) askOptEinsum(equation, shapes);
    const arrow = equation.indexOf("->"), end = arrow < 0 ? equation.length : arrow;
    const written = readTerms(equation, end, shapes.length);
    const rank = Math.max(...written.map((term, i) => coveredAxes(term, shapes[i], i)));
    const output = arrow < 0 ? impliedOutput(written) : readOutput(equation, arrow + 2, written);
    const terms = written.map((term, i) => spelledOut(term.letters, shapes[i].length - term.letters.length + 1, rank));
    const told = {
      equation, shapes, written, terms, output: spelledOut(output, rank, rank), implied: arrow < 0,
      sizes: sizesOf(written, terms, shapes), ok: true, error: null, at: null,
    };
    told.shape = told.output.map((letter) => told.sizes.get(letter));
    told.letters = [...new Set([...told.output, ...told.terms.flat()])].map((letter) => letterOf(told, letter));
    return told;
  }

  // Letters, whole ellipses and other characters between two places of a text, without its spaces.
  function* parts(text, from, to) {
    for (let at = from; at < to; at += 1) {
      const part = text.slice(at, Math.min(at + 3, to)) === ELLIPSIS ? ELLIPSIS : text[at];
      if (part !== " ") yield [part, at];
      at += part.length - 1;
    }
  }

  function readTerms(text, end, count) {
    const terms = [{ letters: [], places: [], at: 0 }];
    for (const [part, at] of parts(text, 0, end)) {
      const { letters, places } = terms.at(-1), found = `einsum(): found '.' for operand ${terms.length - 1}`;
      if (part === ",") {
        check(terms.length < count, "einsum(): fewer operands were provided than specified in the equation", at);
        terms.push({ letters: [], places: [], at: at + 1 });
        continue;
      }
      if (part[0] === ".") {
        check(!letters.includes(ELLIPSIS), `${found} for which an ellipsis was already found`, at);
        check(part === ELLIPSIS, `${found} that is not part of any ellipsis`, at);
      } else {
        checkLetter(part, at);
      }
      letters.push(part);
      places.push(at);
    }
    check(terms.length === count, "einsum(): more operands were provided than specified in the equation", end);
    return terms;
  }

  function checkLetter(letter, at) { // torch counts bytes, and all that stands before is ASCII: else it had refused that
    check(isLetter(letter),
      `einsum(): invalid subscript given at index ${at} in the equation string, subscripts must be in [a-zA-Z]`, at);
  }

  // How many axes the ellipsis of a term covers.
  function coveredAxes({ letters, places, at }, shape, operand) {
    const dots = letters.includes(ELLIPSIS), named = letters.length - dots;
    check(dots ? named <= shape.length : named === shape.length,
      `einsum(): the number of subscripts in the equation (${named}` +
      (dots ? ") is more than the number of dimensions (" : ") does not match the number of dimensions (") +
      `${shape.length}) for operand ${operand}${dots ? "" : " and no ellipsis was given"}`, places[0] ?? at);
    return shape.length - named;
  }

  function readOutput(text, from, terms) {
    const output = [];
    for (const [part, at] of parts(text, from, text.length)) {
      if (part[0] === ".") {
        check(!output.includes(ELLIPSIS), "einsum(): found '.' for output but an ellipsis (...) was already found", at);
        check(part === ELLIPSIS, "einsum(): found '.' for output that is not part of any ellipsis (...)", at);
      } else {
        checkLetter(part, at);
        const known = terms.some(({ letters }) => letters.includes(part)), said = `einsum(): output subscript ${part}`;
        check(known, `${said} does not appear in the equation for any input operand`, at);
        check(!output.includes(part), `${said} appears more than once in the output`, at);
      }
      output.push(part);
    }
    return output;
  }

  // The ellipsis, and then what occurs once, in the order of the character codes: capitals come first.
  function impliedOutput(terms) {
    const all = terms.flatMap(({ letters }) => letters);
    const once = all.filter((letter) => isLetter(letter) && all.indexOf(letter) === all.lastIndexOf(letter));
    return [...(all.includes(ELLIPSIS) ? [ELLIPSIS] : []), ...once.sort()];
  }

  function spelledOut(letters, covered, rank) {
    const axes = Array.from({ length: covered }, (_, i) => `${ELLIPSIS}${rank - covered + i}`);
    return letters.flatMap((letter) => (letter === ELLIPSIS ? axes : [letter]));
  }

  function sizesOf(written, terms, shapes) {
    const sizes = new Map();
    terms.forEach((term, operand) => {
      const own = new Map(); // of this operand; where a letter comes again, the diagonal takes the place of the first axis
      term.forEach((letter, axis) => {
        const size = shapes[operand][axis], known = sizes.get(letter) ?? 1, at = placeOf(written[operand], term, axis);
        if (own.has(letter)) {
          check(size === own.get(letter), `einsum(): subscript ${letter} is repeated for operand ${operand} but the ` +
            `sizes don't match, ${size} != ${own.get(letter)}`, at);
          return;
        }
        check(size === 1 || known === 1 || size === known, isDots(letter)
          ? `einsum(): dimension ${own.size} covered by ellipsis in operand ${operand}has size ${size} which does not ` +
            `broadcast with previously seen ellipsis with size ${known} for the respective dimension`
          : `einsum(): subscript ${letter} has size ${size} for operand ${operand} which does not broadcast with ` +
            `previously seen size ${known}`, at);
        sizes.set(letter, size === 1 ? known : size);
        own.set(letter, size);
      });
    });
    return sizes;
  }

  // Where the letter of an axis stands in the equation; for an axis of an ellipsis, where the dots begin.
  function placeOf({ letters, places }, term, axis) {
    const dots = letters.indexOf(ELLIPSIS), covered = term.length - letters.length + 1;
    if (dots < 0 || axis < dots) return places[axis];
    return axis < dots + covered ? places[dots] : places[axis - covered + 1];
  }

  // Of three operands or more torch first asks opt_einsum in which order to contract, and that refuses in words of its own.

  function askOptEinsum(equation, shapes) {
    const said = "Subscripts can only contain one '->'.";
    const all = [...equation].map((text, i, every) => ({ text, at: every.slice(0, i).join("").length }))
      .filter(({ text }) => text !== " ");
    const arrow = all.findIndex(({ text }, i) => text === "-" && all[i + 1]?.text === ">");
    const stray = all.find(({ text }, i) => "->".includes(text) && !(arrow >= 0 && (i === arrow || i === arrow + 1)));
    check(!stray, said, stray?.at);
    let inputs = split(arrow < 0 ? all : all.slice(0, arrow)), output = arrow < 0 ? [] : all.slice(arrow + 2);
    if (all.some(({ text }) => text === ".")) [inputs, output] = withoutDots(inputs, output, shapes);
    checkOutput(inputs, output);
    const end = arrow < 0 ? equation.length : all[arrow].at;
    check(inputs.length === shapes.length, `Number of einsum subscripts, ${inputs.length}, must be equal to the number of ` +
      `operands, ${shapes.length}.`, inputs[shapes.length]?.comma ?? end);
    checkSizes(inputs, shapes);
    const comma = output.find(({ text }) => text === ",");
    check(!comma, "','", comma?.at); // a KeyError
  }

  const textOf = (symbols) => symbols.map(({ text }) => text).join("");

  // The symbols of each term, with the place of the comma before it and the one where it begins.
  function split(symbols) {
    const terms = [[]];
    for (const symbol of symbols) {
      if (symbol.text === ",") terms.push(Object.assign([], { comma: symbol.at }));
      else terms.at(-1).push(symbol);
    }
    for (const term of terms) term.from = term[0]?.at ?? (term.comma === undefined ? 0 : term.comma + 1);
    return terms;
  }

  // Letters that the equation does not use stand for the axes of the ellipsis; its messages may name them.
  function withoutDots(inputs, output, shapes) {
    const used = textOf([...inputs.flat(), ...output]), most = Math.max(...shapes.map((shape) => shape.length));
    const unused = [];
    for (let i = 0; unused.length < most; i += 1) {
      const symbol = i < 26 ? String.fromCharCode(97 + i) : String.fromCharCode(i < 52 ? 39 + i : 140 + i);
      if (!used.includes(symbol)) unused.push(symbol);
    }
    const standIns = (count) => (count ? unused.slice(-count) : []);
    let longest = 0;
    const terms = inputs.map((term, i) => {
      const dots = term.find(({ text }) => text === ".");
      if (!dots) return term;
      const count = term.filter(({ text }) => text === ".").length;
      check(count === 3 && textOf(term).includes(ELLIPSIS), "Invalid Ellipses.", dots.at);
      check(i < shapes.length, "list index out of range", dots.at);
      const covered = shapes[i].length && shapes[i].length - (term.length - 3);
      check(covered >= 0, "Ellipses lengths do not match.", dots.at);
      longest = Math.max(longest, covered);
      return Object.assign(replaced(term, standIns(covered)), { from: term.from });
    });
    return [terms, replaced(output, standIns(longest))];
  }

  function replaced(symbols, axes) {
    const result = [];
    for (let i = 0; i < symbols.length; i += 1) {
      const dots = textOf(symbols.slice(i, i + 3)) === ELLIPSIS;
      result.push(...(dots ? axes.map((text) => ({ text, at: symbols[i].at })) : [symbols[i]]));
      i += dots ? 2 : 0;
    }
    return result;
  }

  function checkOutput(inputs, output) {
    const known = inputs.map(textOf).join();
    for (const { text, at } of output) {
      const same = output.filter((other) => other.text === text);
      check(same.length === 1, `Output character '${text}' appeared more than once in the output.`, same.at(-1).at);
      check(known.includes(text), `Output character '${text}' did not appear in the input`, at);
    }
  }

  function checkSizes(inputs, shapes) {
    const sizes = new Map();
    inputs.forEach((term, operand) => {
      check(term.length === shapes[operand].length, `Einstein sum subscript '${textOf(term)}' does not contain the ` +
        `correct number of indices for operand ${operand}.`, term.from);
      term.forEach(({ text, at }, axis) => {
        const size = shapes[operand][axis], known = sizes.get(text) ?? 1;
        check(size === 1 || known === 1 || size === known, `Size of label '${text}' for operand ${operand} (${known}) ` +
          `does not match previous terms (${size}).`, at); // it names the two sizes the other way round
        sizes.set(text, known === 1 ? size : known);
      });
    });
  }

  // What each letter is

  function letterOf({ terms, shapes, output, sizes }, letter) {
    const operands = terms.flatMap((term, i) => (term.includes(letter) ? [i] : []));
    const roles = [!output.includes(letter) ? "summed" : operands.length > 1 ? "batch" : "free"];
    if (terms.some((term) => term.indexOf(letter) !== term.lastIndexOf(letter))) roles.push("diagonal");
    const size = sizes.get(letter);
    if (operands.some((i) => shapes[i][terms[i].indexOf(letter)] !== size)) roles.push("broadcast");
    return { letter, roles, size, operands };
  }

  const sizeIn = ({ terms, shapes }, operand, letter) => shapes[operand][terms[operand].indexOf(letter)];
  const isSummed = ({ roles }) => roles[0] === "summed";

  // The silent traps: what torch accepts and few people mean. First the library's warnings, word for word.
  function warnings(told) {
    const found = [], hidden = told.letters.filter(({ letter }) => isDots(letter));
    const gone = hidden.filter(isSummed);
    if (gone.length) {
      found.push(`the ellipsis covers axes of size ${gone.map(({ size }) => size).join(", ")}, and the output has no ` +
        "ellipsis: they are summed (numpy.einsum refuses this)");
    }
    const alone = loneLetters(told).filter(({ letter, size }) => size !== 1 && !isDots(letter));
    if (new Set(alone.map(({ operands }) => operands[0])).size > 1) {
      const listed = alone.map(({ letter, operands }) => `${letter} in operand ${operands[0]}`).join(" and ");
      found.push(`letters that one operand has alone and the output lacks: ${listed}; each is summed apart from the ` +
        "other operands, and what was meant may be one letter");
    }
    for (const index of told.letters.filter(({ letter, roles }) => roles.includes("broadcast") && !isDots(letter))) {
      found.push(stretched(told, index));
    }
    return [...found, ...stretchedBothWays(told, hidden.filter((index) => !isSummed(index)))];
  }

  const loneLetters = ({ letters }) => letters.filter((index) => isSummed(index) && index.operands.length === 1);

  function stretched(told, { letter, size, operands, roles }) {
    const small = operands.find((i) => sizeIn(told, i, letter) === 1);
    const large = operands.find((i) => sizeIn(told, i, letter) !== 1);
    return `index ${letter} has size 1 in operand ${small} and size ${size} in operand ${large}: it is stretched` +
      (roles[0] === "summed" ? " (a matrix product refuses this)" : "");
  }

  function stretchedBothWays(told, hidden) {
    const stretchedIn = ({ letter, operands }) => told.written.flatMap(({ letters }, i) =>
      letters.includes(ELLIPSIS) && (!operands.includes(i) || sizeIn(told, i, letter) === 1) ? [i] : []);
    for (const [place, one] of hidden.entries()) {
      for (const other of hidden.slice(place + 1)) {
        const [first, second] = [stretchedIn(one), stretchedIn(other)];
        const inOne = first.find((i) => !second.includes(i)), inOther = second.find((i) => !first.includes(i));
        if (inOne === undefined || inOther === undefined) continue;
        return [`axis ${one.letter.slice(3)} of the ellipsis is stretched in operand ${inOne}, and axis ` +
          `${other.letter.slice(3)} of the ellipsis in operand ${inOther}: the result has all their pairs`];
      }
    }
    return [];
  }

  // And what is no slip, but must be known.
  function notes(told) {
    const said = [];
    if (told.implied) {
      const written = told.output.map((letter) => (isDots(letter) ? ELLIPSIS : letter));
      said.push(`No output is written, so it is “${[...new Set(written)].join("")}”: the ellipsis if there is one, then ` +
        "the letters that occur once, in alphabetical order and capitals first, wherever they stand.");
    }
    const hidden = told.letters.filter(({ letter }) => isDots(letter));
    if (hidden.length) {
      const listed = hidden.map(({ letter, size }) => `${letter} of size ${size}`).join(", ");
      said.push(`The ellipsis covers ${hidden.length === 1 ? "1 axis" : `${hidden.length} axes`}: ${listed}. ` +
        `${hidden.length === 1 ? "It broadcasts" : "They broadcast, aligned at the last of them"}; ` +
        "where one is missing or has size 1, it is stretched.");
    }
    for (const { letter } of told.letters.filter(({ roles }) => roles.includes("diagonal"))) {
      const operand = told.terms.findIndex((term) => term.indexOf(letter) !== term.lastIndexOf(letter));
      said.push(`The letter ${letter} is repeated in operand ${operand}: of these axes only the diagonal is read.`);
    }
    for (const { letter, operands } of loneLetters(told).filter((index) => !isDots(index.letter))) {
      said.push(`The letter ${letter} stands in operand ${operands[0]} alone and not in the output: it is summed there.`);
    }
    return said;
  }

  // The loops, as `EinsumPlan.loops` writes them

  const variable = (letter) => letter.replace(ELLIPSIS, "dots");

  function entry(name, letters, shape, sizes, value) {
    const indices = letters.map((letter, i) => (shape[i] === sizes.get(letter) ? value(letter) : 0));
    return `${name}[${indices.join(", ") || "()"}]`;
  }

  const factors = ({ terms, shapes, sizes }, value) =>
    terms.map((term, i) => entry(`x${i}`, term, shapes[i], sizes, value)).join(" * ");

  function loops(told) {
    const { letters, output, shape, sizes, terms } = told, names = terms.map((_, i) => `x${i}`).join(", ");
    const lines = [`result = torch.zeros(${tuple(shape)}, dtype=torch.float32, device=x0.device)`];
    let indent = "    ";
    for (const { letter, size } of letters) {
      lines.push(`${indent.slice(4)}for ${variable(letter)} in range(${size}):`);
      indent += "    ";
    }
    lines.push(`${indent.slice(4)}${entry("result", output, shape, sizes, variable)} += ${factors(told, variable)}`);
    return program(names, [...lines, "return result"]);
  }

  const program = (names, lines) =>
    ["import torch", "", "", `def contract(${names}):`, ...lines.map((line) => `    ${line}`), ""].join("\n");

  // The products that are added for one cell of the result: the first ones, and how many there are.
  function termsOf(told, cell, atMost) {
    const summed = told.letters.filter(isSummed), count = product(summed.map(({ size }) => size));
    const values = new Map(told.output.map((letter, i) => [letter, cell[i]]));
    for (const { letter } of summed) values.set(letter, 0);
    const first = [];
    while (first.length < atMost && first.length < count) {
      first.push(factors(told, (letter) => values.get(letter)));
      for (const { letter, size } of [...summed].reverse()) { // the last one runs fastest
        values.set(letter, (values.get(letter) + 1) % size);
        if (values.get(letter)) break;
      }
    }
    return { cell: `result[${cell.join(", ") || "()"}]`, first, count };
  }

  // In which order to contract, two at a time: all are tried

  function ways(told) {
    const terms = told.terms.map((term, i) => [...new Set(term)].filter((letter) => !isStretched(told, i, letter)));
    const costs = allPaths(terms.length).map((path) => ({ path, ...costOf(path, terms, told) }));
    return costs.sort((a, b) => order(a.multiplications, b.multiplications) || order(a.elements, b.elements));
  }

  const isStretched = (told, operand, letter) => sizeIn(told, operand, letter) !== told.sizes.get(letter);
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  function allPaths(count) {
    if (count < 2) return [[]];
    const pairs = Array.from({ length: count }, (_, j) => Array.from({ length: j }, (_, i) => [i, j])).flat();
    pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    return pairs.flatMap((pair) => allPaths(count - 1).map((rest) => [pair, ...rest]));
  }

  function costOf(path, terms, { output, sizes }) {
    const left = [...terms];
    let multiplications = 0n, elements = 0n;
    const sizeOf = (letters) => product(letters.map((letter) => sizes.get(letter)));
    for (const [i, j] of path) {
      const [second] = left.splice(j, 1), [first] = left.splice(i, 1);
      const needed = new Set([...output, ...left.flat()]);
      const together = [...new Set([...first, ...second])]
        .filter((letter) => needed.has(letter) || (first.includes(letter) && second.includes(letter)));
      const result = together.filter((letter) => needed.has(letter));
      multiplications += sizeOf(together);
      elements += sizeOf(result);
      left.push(result);
    }
    return { multiplications, elements };
  }

  // At once, as the loops do it: in each round one product less than there are factors.
  const naive = ({ letters, terms }) => product(letters.map(({ size }) => size)) * BigInt(terms.length - 1);

  // The same in torch calls without einsum. A value is a name and its letters. From the first product on a letter has one
  // size wherever it occurs: an axis that is to be stretched is dropped before, and the product puts it where it is needed.

  function steps(told) {
    const made = [];
    const step = (operation, code, letters, multiplications = 0n, sizeOf = (letter) => told.sizes.get(letter)) => {
      const name = `x${told.terms.length + made.length}`;
      made.push({ name, operation, code, letters, shape: letters.map(sizeOf), multiplications });
      return { name, letters };
    };
    const values = told.terms.map((_, i) => prepared(told, i, step));
    for (const [i, j] of ways(told)[0].path) {
      const [y] = values.splice(j, 1), [x] = values.splice(i, 1);
      const needed = new Set([...told.output, ...values.flatMap(({ letters }) => letters)]);
      values.push(contracted(told, x, y, needed, step));
    }
    const [last] = values, rest = summed(last, last.letters.filter((letter) => !told.output.includes(letter)), step);
    if (rest.letters.join() !== told.output.join() || !made.length) {
      step("permutation", `${rest.name}.permute(${places(rest, told.output) || "()"})`, told.output);
    }
    return made;
  }

  // An operand with different letters, none of which is to be stretched.
  function prepared(told, operand, step) {
    let value = { name: `x${operand}`, letters: told.terms[operand] };
    for (;;) {
      const { name, letters } = value, second = letters.findIndex((letter, i) => letters.indexOf(letter) < i);
      if (second < 0) break;
      const first = letters.indexOf(letters[second]), rest = letters.filter((_, i) => i !== first && i !== second);
      const sizeOf = (letter) => sizeIn(told, operand, letter);
      value = step("diagonal", `${name}.diagonal(0, ${first}, ${second})`, [...rest, letters[second]], 0n, sizeOf);
    }
    const gone = value.letters.filter((letter) => isStretched(told, operand, letter));
    const kept = value.letters.filter((letter) => !gone.includes(letter));
    return gone.length ? step("squeeze", `${value.name}.squeeze(${axes(value, gone)})`, kept) : value;
  }

  const places = ({ letters }, wanted) => wanted.map((letter) => letters.indexOf(letter)).join(", ");
  const axes = (value, wanted) => (wanted.length === 1 ? places(value, wanted) : `(${places(value, wanted)})`);
  const permuted = (value, wanted) =>
    value.letters.join() === wanted.join() ? value.name : `${value.name}.permute(${places(value, wanted)})`;

  function summed(value, letters, step) {
    if (!letters.length) return value;
    const rest = value.letters.filter((letter) => !letters.includes(letter));
    return step("sum", `${value.name}.sum(${rest.length ? axes(value, letters) : ""})`, rest);
  }

  function contracted(told, x, y, needed, step) {
    const alone = (value, other) => value.letters.filter((letter) => !needed.has(letter) && !other.letters.includes(letter));
    [x, y] = [summed(x, alone(x, y), step), summed(y, alone(y, x), step)];
    const inOrder = (letters) => [...letters].sort((a, b) => told.output.indexOf(a) - told.output.indexOf(b));
    const both = x.letters.filter((letter) => y.letters.includes(letter));
    const batch = inOrder(both.filter((letter) => needed.has(letter))), inner = both.filter((letter) => !needed.has(letter));
    const rows = inOrder(x.letters.filter((letter) => !both.includes(letter)));
    const columns = inOrder(y.letters.filter((letter) => !both.includes(letter)));
    const multiplications = product([...batch, ...rows, ...columns, ...inner].map((letter) => told.sizes.get(letter)));
    if (!inner.length) {
      const letters = inOrder([...batch, ...rows, ...columns]);
      return step("elementwise product", `${aligned(x, letters)} * ${aligned(y, letters)}`, letters, multiplications);
    }
    if (!rows.length && !columns.length && batch.length + inner.length > 1) {
      const letters = [...batch, ...inner];
      const code = `(${aligned(x, letters)} * ${aligned(y, letters)}).sum(${batch.length ? axes({ letters }, inner) : ""})`;
      return step("products and sums", code, batch, multiplications);
    }
    return matrixProduct(told, x, y, { batch, rows, columns, inner }, step, multiplications);
  }

  // Axes of size 1 in front are left to torch, which adds them where it broadcasts.
  function aligned(value, wanted) {
    let code = permuted(value, wanted.filter((letter) => value.letters.includes(letter)));
    const first = wanted.findIndex((letter) => value.letters.includes(letter));
    if (first < 0) return code;
    wanted.slice(first).forEach((letter, place) => {
      if (!value.letters.includes(letter)) code += `.unsqueeze(${place})`;
    });
    return code;
  }

  // Rows, columns and what is summed become one axis each; the axes of a batch may be several.
  function matrixProduct(told, x, y, { batch, rows, columns, inner }, step, multiplications) {
    const at = batch.length;
    const left = permuted(x, [...batch, ...rows, ...inner]) + merged(at + rows.length, inner) + merged(at, rows) +
      (at && !rows.length ? ".unsqueeze(-2)" : "");
    const right = permuted(y, [...batch, ...inner, ...columns]) + merged(at + inner.length, columns) + merged(at, inner) +
      (at && !columns.length ? ".unsqueeze(-1)" : "");
    const after = (at && !columns.length ? ".squeeze(-1)" : "") + (at && !rows.length ? ".squeeze(-2)" : "") +
      unmerged(told, at + (rows.length ? 1 : 0), columns) + unmerged(told, at, rows);
    const code = `${left} @ ${right}`;
    return step("matrix product", after ? `(${code})${after}` : code, [...batch, ...rows, ...columns], multiplications);
  }

  const merged = (from, letters) => (letters.length > 1 ? `.flatten(${from}, ${from + letters.length - 1})` : "");
  const unmerged = ({ sizes }, at, letters) =>
    letters.length > 1 ? `.unflatten(${at}, ${tuple(letters.map((letter) => sizes.get(letter)))})` : "";

  function torchCode(told) {
    const made = steps(told), last = made.pop();
    const names = told.terms.map((_, i) => `x${i}`).join(", ");
    return program(names, [...made.map(({ name, code }) => `${name} = ${code}`), `return ${last.code}`]);
  }

  // What is shown: sentences, and tables of {caption, header, rows}; a cell is a text or [text, class].

  function headline({ equation, shapes, shape }) {
    return `einsum '${equation}' of ${shapes.map(tuple).join(" and ")} gives ${tuple(shape)}, torch.float32`;
  }

  function indicesTable({ letters }) {
    const rows = letters.map(({ letter, size, roles, operands }) =>
      [letter, `${size}`, roles.join(", "), operands.join(", ")]);
    return { caption: "Indices", header: ["index", "size", "role", "in operands"], rows, numbers: ["size"] };
  }

  function stepsTable(told) {
    const rows = steps(told).map(({ name, code, operation, letters, shape, multiplications }) =>
      [[`${name} = ${code}`, "code"], operation, letters.join(" "), tuple(shape), grouped(multiplications)]);
    const header = ["code", "operation", "letters of the result", "shape", "multiplications"];
    return { caption: "Without einsum, one call after the other", header, rows, numbers: ["multiplications"] };
  }

  function costs(told) {
    const count = told.terms.length;
    if (count === 1) return "No two numbers are multiplied.";
    const tried = ways(told), [best] = tried, once = naive(told);
    const all = `${counted(once, "multiplication")} if all letters run in one nest of loops`;
    if (count === 2) return `${all}, ${grouped(best.multiplications)} in the calls above, as in the plan of plan_einsum.`;
    const dearest = tried.at(-1).multiplications;
    return `${all}. Two operands at a time there are ${tried.length} orders: ${pathText(best.path, count)} takes ` +
      `${grouped(best.multiplications)}, as in the plan of plan_einsum; ` +
      (dearest === best.multiplications ? "so do all others." : `the dearest takes ${grouped(dearest)}.`);
  }

  // "x1 with x2, then x0 with that"
  function pathText(path, count) {
    const left = Array.from({ length: count }, (_, i) => `x${i}`);
    return path.map(([i, j], step) => {
      const [second] = left.splice(j, 1), [first] = left.splice(i, 1);
      left.push(step === path.length - 2 ? "that" : `(${first} with ${second})`);
      return `${first} with ${second}`;
    }).join(", then ");
  }

  const content = (told) => [
    headline(told), ...(told.letters.length ? [indicesTable(told)] : []),
    ...warnings(told).map((warning) => `warning: ${warning}`), ...notes(told),
    stepsTable(told), costs(told), { part: "cells" }, { part: "code", caption: "The same as Python loops", text: loops(told) },
  ];

  function asCode(told) {
    const made = told.shapes.map((shape, i) => `x${i} = torch.rand(${shape.join(", ") || "()"})`);
    const names = told.shapes.map((_, i) => `x${i}`).join(", ");
    return [torchCode(told), "", ...made, `result = torch.einsum("${told.equation}", ${names})`, "print(result.shape)",
      `torch.testing.assert_close(contract(${names}), result)`, ""].join("\n");
  }

  // What somebody types: the equation as it is, and shapes as (3, 4), [3, 4], 3x4, with words such as torch.Size beside.

  // A whole call of einsum may be pasted.
  const equationIn = (text) => /einsum\(\s*(["'])(.*?)\1/.exec(text)?.[2] ?? text;

  function read({ equation: text, shapes }) {
    const equation = equationIn(text), told = readPair(equation, shapes);
    return told.field === "equation" && told.at !== undefined ? { ...told, at: told.at + text.indexOf(equation) } : told;
  }

  function readPair(equation, text) {
    const found = /(?:[\w.]*\()?\[([\d,\s]*)\]\)?|\(([\d,\s]*)\)|\b(\d+(?:\s*[x×]\s*\d+)+)\b/g;
    const sizes = (text) => (text.match(/\d+/g) ?? []).map(Number);
    const shapes = [...text.matchAll(found)].map(([, list, tuple, product]) => sizes(list ?? tuple ?? product));
    const wrong = complaint(text, text.replace(found, (whole) => " ".repeat(whole.length)), shapes);
    if (wrong) return { ...wrong, field: "shapes" };
    const told = einsum(equation, shapes);
    return told.ok ? { state: told } : { wrong: refusal(told), field: "equation", at: told.at };
  }

  function complaint(text, rest, shapes) {
    const inBrackets = /[([][\d,\s]*([^\d,\s)\]])/.exec(rest), alone = /[([\d]/.exec(rest);
    if (inBrackets) {
      const at = inBrackets.index + inBrackets[0].length - 1;
      return { wrong: `“${rest[at]}” is no part of a shape; sizes are whole numbers of 0 or more.`, at };
    }
    if (alone) return { wrong: `“${rest[alone.index]}” is no shape; expected, for instance, (2, 3) (3, 4).`, at: alone.index };
    if (!shapes.length) return { wrong: "Write a shape for each term of the equation, for instance (2, 3) (3, 4)." };
    if (shapes.length > MOST_SHAPES) return { wrong: `${shapes.length} shapes came; at most ${MOST_SHAPES} are taken here.` };
    const long = shapes.find((shape) => shape.length > MOST_AXES);
    if (long) return { wrong: `A shape with ${long.length} axes came; at most ${MOST_AXES} are taken here.` };
    if (!shapes.flat().every(Number.isSafeInteger)) return { wrong: "A size is larger than any tensor's." };
    return null;
  }

  // Torch's message, and what it leaves out: how many terms and shapes there are, and who it is that speaks.
  function refusal({ equation, shapes, error }) {
    const terms = equation.split("->")[0].split(",").length;
    const counts = terms === shapes.length ? "" :
      ` (${terms} term${terms === 1 ? "" : "s"}, ${shapes.length} shape${shapes.length === 1 ? "" : "s"})`;
    const speaker = error.startsWith("einsum()") ? "" : ", in the words of opt_einsum, which it asks for an order";
    return `torch.einsum refuses this${counts}${speaker}: ${error}`;
  }

  const product = (sizes) => sizes.reduce((total, size) => total * BigInt(size), 1n);
  const grouped = (number) => number.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1n ? "" : "s"}`;
  const tuple = (sizes) => (sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`);

  globalThis.tensorglass = {
    ...globalThis.tensorglass, einsum,
    aboutEinsum: { content, read, asCode, warnings, loops, torchCode, termsOf, ways, naive, steps },
  };
})();
