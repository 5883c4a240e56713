// The reader's own einsum: a form above the table of a plan, and pictures of what one cell of the result is made of. What is
// said is decided in einsum.js, and what all explorers share is in form.js.
"use strict";

(() => {
  const PLAN = /^einsum '([^']*)' of (.+) gives \(/; // how the library's report begins
  const EXAMPLES = [
    ["Matrix product", "ij,jk->ik", "(2, 3) (3, 4)"],
    ["Three operands", "bi,oij,bj->bo", "(4, 3) (2, 3, 5) (4, 5)"],
    ["Ellipsis", "...ij,...jk->...ik", "(5, 1, 2, 3) (4, 3, 2)"],
    ["Diagonal", "ii->i", "(3, 3)"],
    ["No output", "ba", "(2, 3)"],
  ];
  const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"]; // of the library's drawings
  const CELL = 20, MARGIN = 22, CELLS = 8, TERMS = 4; // pixels; the cells and the terms that are shown
  const { element, svg, explore, reportWith } = window.tensorglassForm;
  const { content, read, asCode, termsOf } = window.tensorglass.aboutEinsum;

  const tuple = (sizes) => (sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`);
  const shown = (told) => content(told).map((part) =>
    part.part === "cells" ? cells(told) : part.part === "code" ? program(part) : part);
  const program = ({ caption, text }) =>
    element("figure", { class: "explorer-code" }, element("figcaption", {}, caption), element("pre", {}, text.trim()));

  // One cell of the result, which the arrow keys move, and what it is made of

  function cells(told) {
    if (told.shape.includes(0)) return element("p", {}, "The result has no elements.");
    const handle = element("div", {
      role: "slider", tabindex: "0", "aria-label": "Cell of the result, moved by the arrow keys", "aria-valuemin": "0",
      "aria-valuemax": `${flat(told.shape, told.shape.map((size) => size - 1))}`,
    });
    const operands = told.terms.map(() => element("figure"));
    const caption = element("figcaption"), terms = element("pre");
    const result = element("figure", {}, caption, handle);
    let cell = told.shape.map(() => 0);

    function choose(next) {
      cell = next;
      const said = termsOf(told, cell, TERMS);
      handle.setAttribute("aria-valuenow", `${flat(told.shape, cell)}`);
      handle.setAttribute("aria-valuetext", said.cell);
      handle.replaceChildren(grid(told, told.output, told.shape, cell, false));
      caption.textContent = `${said.cell} of ${tuple(told.shape)}`;
      operands.forEach((figure, i) => figure.replaceChildren(...operand(told, i, cell)));
      terms.textContent = sum(said);
    }

    handle.addEventListener("keydown", (event) => {
      const next = after(event.key, told.shape, cell);
      if (!next) return;
      event.preventDefault(); // the page does not scroll
      choose(next);
    });
    handle.addEventListener("click", ({ target }) => {
      if (target.dataset.cell) choose(target.dataset.cell.split(",").map(Number));
    });
    choose(cell);
    const help = element("p", {}, "Choose a cell of the result: click it, or move it with the arrow keys. What it reads is " +
      "filled, and hatched where it is added up.");
    return element("div", { class: "explorer-cells" }, help, ...operands, result, terms);
  }

  const flat = (shape, cell) => shape.reduce((place, size, axis) => place * size + cell[axis], 0);

  // The cell to which a key leads: along the last axis, along the one before, to the first one or the last one.
  function after(key, shape, cell) {
    const steps = {
      ArrowRight: [1, 1], ArrowLeft: [1, -1], ArrowDown: [2, 1], ArrowUp: [2, -1], PageDown: [3, 1], PageUp: [3, -1],
    };
    if (key === "Home") return shape.map(() => 0);
    if (key === "End") return shape.map((size) => size - 1);
    if (!steps[key]) return null;
    const [fromEnd, by] = steps[key], next = [...cell];
    for (let axis = Math.max(shape.length - fromEnd, 0); axis >= 0 && shape.length; axis -= 1) {
      next[axis] += by;
      if (next[axis] >= 0 && next[axis] < shape[axis]) return next;
      next[axis] = by > 0 ? 0 : shape[axis] - 1; // and on along the axis before
    }
    return cell;
  }

  function sum({ cell, first, count }) {
    if (!count) return `${cell} = 0, the sum of nothing`;
    const rest = count - BigInt(first.length), more = rest ? [`${rest} more`] : [];
    return [cell, ...[...first, ...more].map((term, i) => `  ${i ? "+" : "="} ${term}`)].join("\n");
  }

  // An operand, and in words where it is read
  function operand(told, i, cell) {
    const letters = told.terms[i], shape = told.shapes[i];
    const chosen = letters.map((letter, axis) =>
      (shape[axis] === told.sizes.get(letter) ? cell[told.output.indexOf(letter)] : 0)); // what is stretched is read there
    const read = letters.map((letter, axis) => (chosen[axis] === undefined ? `every ${letter}` : `${letter} = ${chosen[axis]}`));
    const drawn = letters.slice(0, -2).filter((_, axis) => chosen[axis] === undefined).map((letter) => `; drawn: ${letter} = 0`);
    const said = `x${i} of ${tuple(shape)}${letters.length ? `: ${[...new Set(read)].join(", ")}` : ""}${drawn.join("")}`;
    const picture = element("div", { role: "img", "aria-label": said }, grid(told, letters, shape, chosen, true));
    return [element("figcaption", {}, said), picture];
  }

  // The cells of the last two axes, at the chosen place of the axes before them. Where nothing is chosen, an axis is summed.
  function grid(told, letters, shape, chosen, isOperand) {
    const row = shape.length - 2, column = shape.length - 1;
    const rows = part(shape, row, chosen), columns = part(shape, column, chosen);
    const summed = letters.filter((_, axis) => chosen[axis] === undefined);
    const marks = (place) => place.every((index, axis) => chosen[axis] === undefined || chosen[axis] === index) &&
      letters.every((letter, axis) => place[axis] === place[letters.indexOf(letter)]); // a repeated letter has one value
    const before = shape.slice(0, Math.max(row, 0)).map((_, axis) => chosen[axis] ?? 0);
    const drawn = rows.flatMap((r, y) => columns.flatMap((c, x) => {
      const place = [...before, ...(row >= 0 ? [r] : []), ...(column >= 0 ? [c] : [])];
      return box(MARGIN + x * CELL, MARGIN + y * CELL, marks(place), summed.length > 0, isOperand ? null : place);
    }));
    const [width, height] = [columns.length * CELL, rows.length * CELL];
    if (row >= 0) drawn.push(...edge(told, letters[row], 0, height, rows, shape[row]));
    if (column >= 0) drawn.push(...edge(told, letters[column], width, 0, columns, shape[column]));
    const size = { width: width + MARGIN + 2, height: height + MARGIN + 2 };
    return svg("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}`, "aria-hidden": "true" }, ...drawn);
  }

  // The indices of an axis that are drawn: those around the chosen one.
  function part(shape, axis, chosen) {
    if (axis < 0) return [0];
    const from = Math.floor((chosen[axis] ?? 0) / CELLS) * CELLS;
    return Array.from({ length: Math.min(CELLS, shape[axis] - from) }, (_, i) => from + i);
  }

  function box(x, y, isRead, isHatched, place) {
    const cell = svg("rect", {
      x, y, width: CELL, height: CELL, fill: "currentColor", "fill-opacity": isRead ? 0.25 : 0, stroke: "currentColor",
      ...(place && { "data-cell": place.join() }),
    });
    const half = CELL / 2, to = `l${half} ${-half}`;
    const hatch = `M${x} ${y + half}${to}M${x} ${y + CELL}${to}${to}M${x + half} ${y + CELL}${to}`;
    return isRead && isHatched ? [cell, svg("path", { d: hatch, stroke: "currentColor", "stroke-width": 0.6 })] : [cell];
  }

  // A letter beside its axis, with the axis' colour; dots where the axis goes on.
  function edge(told, letter, width, height, part, size) {
    const color = COLORS[told.letters.findIndex((index) => index.letter === letter) % COLORS.length];
    const more = part.length < size ? ` ${part[0]}…${part.at(-1)}` : "";
    const along = width ? `m0 -3h${width}` : `m-3 0v${height}`;
    const line = svg("path", { d: `M${MARGIN} ${MARGIN}${along}`, stroke: color, "stroke-width": 4 });
    const text = { x: MARGIN + width / 2, y: MARGIN - 8, "text-anchor": "middle", fill: "currentColor", "font-size": 13 };
    const middle = MARGIN + height / 2, written = letter + more;
    const beside = width ? {} : written.length === 1 ? { x: MARGIN - 12, y: middle + 4 }
      : { x: 0, y: 0, transform: `translate(${MARGIN - 8} ${middle}) rotate(-90)` };
    return [line, svg("text", { ...text, ...beside }, written)];
  }

  const report = reportWith("Indices"), plan = PLAN.exec(report?.querySelector("p")?.textContent);
  if (plan) {
    explore({
      report, name: "einsum",
      fields: [
        { name: "equation", label: "Equation", value: plan[1] },
        { name: "shapes", label: "Shapes of the operands", value: plan[2].replaceAll(" and ", " ") },
      ],
      examples: EXAMPLES.map(([label, equation, shapes]) => ({ label, values: { equation, shapes } })),
      read, content: shown, code: asCode,
    });
  }
})();
