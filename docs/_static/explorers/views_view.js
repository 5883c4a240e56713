// The reader's own tensor: a form above what `explain_view` said on the page, and a picture in which an index is followed to
// its cell. What is said is decided in views.js, and the form is that of form.js.
"use strict";

(() => {
  const CAPTION = "Axes of x"; // of the table that `explain_view` writes
  const MOST_AXES = 4, MOST_CELLS = 64; // that are drawn
  const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]; // of the axes, from the last one backwards, as on all pages
  const EXAMPLES = [
    ["Transposed", "torch.empty(3, 4).T", "12"],
    ["Slice", "torch.empty(4, 6)[1:, 1:4]", "9"],
    ["Expanded", "torch.empty(3, 1).expand(3, 4)", "12"],
    ["Windows", "torch.arange(10).unfold(0, 4, 1)", ""],
    ["channels_last", "torch.empty(1, 2, 3, 4).to(memory_format=torch.channels_last)", "1, 2, -1"],
    ["By strides", "size=(2, 3) stride=(6, 2) offset=1", "6"],
  ];
  const CELL = 40, FIGURE = 5.2; // height and width in pixels
  const { viewRead, viewHeadline, viewReport, viewStorage, viewCode, view, viewShapeText } = window.tensorglass;
  const { element, svg, explore, reportWith } = window.tensorglassForm;

  // What the report says and shows

  function content({ x, shape, itemsize }) {
    const [verdict, ...why] = shape ? viewReport(x.size, x.stride, itemsize, shape) : [];
    const { ok, error } = shape ? view(x.size, x.stride, shape) : { ok: true };
    const raises = ok || verdict.endsWith(error) ? [] : [`x.view${viewShapeText(shape)} raises: ${error}`];
    const isSentence = (part) => typeof part === "string"; // these come first: they are the answer
    return [[viewHeadline(x), verdict].filter(Boolean).join(" "), ...x.notes, ...raises, ...why.filter(isSentence), ...picture(x),
      ...why.filter((part) => !isSentence(part)), viewStorage(x)];
  }

  function picture(x) {
    const indices = allIndices(x.size);
    if (x.size.length > MOST_AXES || indices.length > MOST_CELLS || x.cells > MOST_CELLS) {
      return [`No picture: it is drawn up to ${MOST_AXES} axes and ${MOST_CELLS} elements, in at most ${MOST_CELLS} cells.`];
    }
    const tape = element("div", { class: "views-tape" }), sum = element("p", { class: "views-sum" }, "There is no element in it.");
    const show = (index) => {
      if (index) sum.replaceChildren(...sumOf(x, index));
      tape.replaceChildren(tapeOf(x, indices, index, sum.textContent));
    };
    show(null);
    return [...(indices.length ? gridsOf(x, indices, show, sum) : []), sum, tape];
  }

  // Of a large tensor no more than show that it is one.
  const allIndices = (size) => size.reduce((heads, count) => heads.slice(0, MOST_CELLS + 1).flatMap((head) =>
    Array.from({ length: Math.min(count, MOST_CELLS + 1) }, (_, i) => [...head, i])), [[]]);
  const cellOf = (x, index) => index.reduce((cell, i, axis) => cell + i * x.stride[axis], x.offset);

  // x[2, 1] lies in cell offset + 2·stride[0] + 1·stride[1] = 4 + 2·1 + 1·4 = 10; an axis counts from the last one.
  function sumOf(x, index) {
    const words = ["offset", ...index.map((i, axis) => `${i}·stride[${axis}]`)].join(" + ");
    const terms = index.flatMap((i, axis) =>
      [" + ", element("span", { class: `axis${x.size.length - axis}` }, `${i}·${x.stride[axis]}`)]);
    return [`x[${index.join(", ") || "()"}] lies in cell ${words} = ${x.offset}`, ...terms, ` = ${cellOf(x, index)}`];
  }

  // The elements in a grid: the cell of each. A tensor of more than two axes has a grid for each index along the others. One
  // element is selected, and is the only stop for the keyboard; at an edge the arrow keys go on in the next row or grid.
  function gridsOf(x, indices, show, sum) {
    const rank = x.size.length, columns = x.size.at(-1) ?? 1, rows = x.size.at(-2) ?? 1, page = rows * columns;
    const cells = indices.map((index) => element("td", { tabindex: "-1", "aria-selected": "false" }, `${cellOf(x, index)}`));
    const header = (i, scope) => element("th", { scope, class: "number" }, `${i}`);
    const line = (first, row) => element("tr", {},
      ...(rank > 1 ? [header(row, "row")] : []), ...cells.slice(first + row * columns, first + (row + 1) * columns));
    const grid = (first) => element("table", { role: "grid", class: "views-grid" },
      element("caption", {}, `Cells of x${rank > 2 ? `[${[...indices[first].slice(0, -2), ":", ":"].join(", ")}]` : ""}`),
      element("thead", {}, element("tr", {}, ...(rank > 1 ? [element("td")] : []),
        ...Array.from({ length: columns }, (_, i) => header(i, "col")))),
      element("tbody", {}, ...Array.from({ length: rows }, (_, row) => line(first, row))));
    let selected = 0, waiting;

    function select(place) {
      for (const [name, off, on] of [["tabindex", "-1", "0"], ["aria-selected", "false", "true"]]) {
        cells[selected].setAttribute(name, off);
        cells[place].setAttribute(name, on);
      }
      selected = place;
      show(indices[place]);
    }

    // What is reached is said in the form's sentence, when somebody pauses.
    function go(place) {
      select(place);
      cells[place].focus();
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        if (sum.isConnected) report.previousElementSibling.querySelector("[role=status]").textContent = sum.textContent;
      }, 300);
    }

    const grids = element("div", { class: "views-grids" }, ...cells.flatMap((_, i) => (i % page ? [] : [grid(i)])));
    grids.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      if (cells[selected + step]) go(selected + step);
    });
    grids.addEventListener("click", ({ target }) => { if (cells.includes(target)) go(cells.indexOf(target)); });
    select(indices.findIndex((index) => index.every((i, axis) => i === Math.min(1, x.size[axis] - 1))));
    return ["Of each element its cell; arrow keys lead from one to the next. Hatched cells of the storage hold no element.", grids];
  }

  // The storage as a tape: what lies in each cell. A cell that the tensor does not use is hatched.

  function tapeOf(x, indices, selected, way) {
    const held = Array.from({ length: x.cells }, () => []);
    for (const index of indices) held[cellOf(x, index)].push(index.join(",") || "()");
    const width = Math.max(30, ...held.map(([first = "", ...more]) => 8 + FIGURE * (more.length ? 3 : first.length)));
    const perLine = Math.max(4, Math.min(16, Math.floor(((report.clientWidth || 700) - 40) / width)));
    const lines = Math.ceil(x.cells / perLine), jumps = selected && lines === 1 ? jumpsOf(x, selected, width) : [];
    const top = jumps.length ? 46 : 4, line = CELL + 6;
    const cells = held.map((names, i) => {
      const kind = selected && i === cellOf(x, selected) ? "selected" : names.length ? "used" : "unused";
      return svg("g", { class: kind, transform: `translate(${(i % perLine) * width + 2} ${top + Math.floor(i / perLine) * line})` },
        svg("rect", { width, height: CELL, fill: "url(#views-hatch)" }), // of those that are used, the style sheet fills it
        svg("text", { x: width / 2, y: 15, "font-weight": "bold" }, `${i}`),
        svg("text", { x: width / 2, y: 32 }, names.length > 1 ? `${names.length}x` : names[0] ?? ""));
    });
    const each = held.map((names, i) => (names.length ? `${i} holds ${names.join(" and ")}` : `${i} is not used`)).join(", ");
    return svg("svg", {
      width: Math.min(x.cells, perLine) * width + 4, height: top + lines * line,
      role: "img", "aria-label": `A storage of ${x.cells} cells. ${each && `${each}. `}${way}.`,
    }, hatch(), svg("g", { transform: `translate(2 ${top})` }, ...jumps), ...cells);
  }

  const hatch = () => svg("pattern", { id: "views-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("path", { d: "M0,0 V6", stroke: "currentColor", opacity: 0.6 }));

  // The way to the cell: the offset, and then a jump along each axis.
  function jumpsOf(x, index, width) {
    let at = 0;
    const steps = [["offset", x.offset, "currentColor"],
      ...index.map((i, axis) => [`${i}·${x.stride[axis]}`, i * x.stride[axis], COLORS[x.size.length - axis - 1]])];
    return steps.filter(([, step]) => step).map(([text, step, color]) => {
      const from = (at + 0.5) * width, to = (at + step + 0.5) * width, high = Math.min(26, 8 + 5 * step);
      at += step;
      return svg("g", {},
        svg("path", { d: `M${from},-3 C${from},${-high - 6} ${to},${-high - 6} ${to},-5`, fill: "none", stroke: color, "stroke-width": 2 }),
        svg("path", { d: `M${to},-1 l-4,-7 h8 z`, fill: color }),
        svg("text", { x: (from + to) / 2, y: -0.75 * high - 10 }, text));
    });
  }

  // What the library's table was made of: it has the layout, and what is copied tells the bytes of an element.
  function inputOf(report) {
    const text = report.textContent, shape = /x\.view\(([^)]*?),?\)/.exec(text)[1];
    const [size, stride] = [2, 3].map((column) =>
      [...report.querySelectorAll(`td:nth-child(${column})`)].map((cell) => Number(cell.textContent)));
    const count = size.reduce((total, each) => total * each, 1), isLong = text.includes(`copies ${8 * count} bytes`);
    if (size.length !== 2 || stride[0] !== 1 || stride[1] !== size[0]) {
      return { view: `size=(${size}) stride=(${stride})${isLong ? " dtype=int64" : ""}`, shape };
    }
    return { view: `torch.${isLong ? `arange(${count}).reshape` : "empty"}(${size[1]}, ${size[0]}).T`, shape };
  }

  const report = reportWith(CAPTION);
  if (!report) return;
  const initial = inputOf(report);
  explore({
    report,
    name: "view",
    fields: [
      { name: "view", label: "Your own tensor", value: initial.view, wide: true },
      { name: "shape", label: "A shape for x.view", value: initial.shape },
    ],
    hint: "A shape and what is done with it, or size=(…) stride=(…) offset=…; the shape for x.view may be empty, and one size in it -1.",
    examples: EXAMPLES.map(([label, tensor, shape]) => ({ label, values: { view: tensor, shape } })),
    read: ({ view: tensor, shape }) => viewRead(tensor, shape),
    content,
    code: viewCode,
  });
})();
