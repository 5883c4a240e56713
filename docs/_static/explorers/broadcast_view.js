// The reader's own shapes, or a text that names them. What is said of them is decided in broadcast.js.
"use strict";

(() => {
  const CAPTION = "Shapes aligned at the last axis"; // of the tables that `explain_broadcast` writes
  const EXAMPLES = ["(64, 3, 32, 32) (3,)", "(8, 1) (8,)", "(2, 3) (4, 5)"];
  const MOST_SHAPES = 4, MOST_AXES = 8; // beyond, the search for what helps takes seconds
  const NUMBERS_BUT_NO_SHAPE = /(?<![\w.])[([][\d,\s]*([-+.*])[\d,\s+.*-]*[)\]]/; // beside shapes, other brackets are words
  const { broadcast, broadcastContent, readShapes, shapeText } = window.tensorglass;
  const LOSSES = "auto_examples/broadcasting/squeeze_loss.html";
  const { element, explore, reportWith } = window.tensorglassForm;

  // What came, in one sentence, where nothing can be said of it
  function complaint(text, shapes) {
    const inBrackets = (shapes.length ? NUMBERS_BUT_NO_SHAPE : /[([][\d,\s]*([^\d,\s)\]([])/).exec(text);
    if (!text.trim()) return { wrong: "Write shapes such as (3, 4) and (3,), or paste a text that names them." };
    if (inBrackets) {
      const at = inBrackets.index + inBrackets[0].indexOf(inBrackets[1]);
      return { wrong: `“${inBrackets[1]}” is no part of a shape; sizes are whole numbers of 0 or more.`, at };
    }
    if (/size of tensor a \(\d+\)/.test(text) && !shapes.length) {
      return { wrong: "This message names two sizes. Print both shapes, x.shape and y.shape, and paste those." };
    }
    if (!shapes.length) return { wrong: "There is no shape in it; expected, for instance, (3, 4) and (3,)." };
    if (shapes.length > MOST_SHAPES) return { wrong: `${shapes.length} shapes came; at most ${MOST_SHAPES} are compared here.` };
    const long = shapes.find((shape) => shape.length > MOST_AXES);
    if (long) return { wrong: `A shape with ${long.length} axes came; at most ${MOST_AXES} are compared here.` };
    if (!shapes.flat().every(Number.isSafeInteger)) return { wrong: "A size is larger than any tensor's." };
    return null;
  }

  function read({ shapes: text }) {
    const shapes = readShapes(text);
    return complaint(text, shapes) ?? { state: broadcast(shapes) };
  }

  function asCode({ shapes, ok, smallest }) {
    const names = shapes.map((_, i) => String.fromCharCode(97 + i));
    const made = shapes.map((shape, i) => `${names[i]} = torch.rand(${shape.length ? shape.join(", ") : "()"})`);
    return ["import torch", "", ...made, `total = ${ok ? names.join(" + ") : smallest.code}`, "print(total.shape)", ""].join("\n");
  }

  function content(told) {
    const parts = broadcastContent(told).map((part) =>
      typeof part === "string" ? part : { ...part, numbers: ["axis", "elements"] });
    return [parts[0], ...(isColumnWithRow(told) ? [aboutLosses()] : []), ...parts.slice(1)];
  }

  // (n, 1) with (n,), in any order: what becomes of predictions and targets
  function isColumnWithRow({ shapes }) {
    const [row, column] = [...shapes].sort((a, b) => a.length - b.length);
    return shapes.length === 2 && row.length === 1 && column.length === 2 && column[1] === 1 && column[0] === row[0] && row[0] > 1;
  }

  function aboutLosses() {
    const href = `${document.documentElement.dataset.content_root ?? ""}${LOSSES}`;
    return element("p", {}, "In a loss this compares each prediction with each target: ",
      element("a", { href }, "why squeeze is needed before a loss"), ".");
  }

  // What the page's own table was made of, as its header says
  function shapesOf(report) {
    const first = [...report.querySelectorAll("table")].find((each) => each.caption?.textContent === CAPTION);
    const columns = [...first.tHead.rows[0].cells].slice(1, -1).map((cell) => cell.textContent);
    return columns.flatMap(readShapes).map(shapeText).join(" ");
  }

  const report = reportWith(CAPTION); // one a page
  if (report) {
    explore({
      report, read, content,
      name: "shapes",
      fields: [{ name: "shapes", label: "Your own shapes, or a text that names them", value: shapesOf(report) }],
      examples: EXAMPLES.map((shapes) => ({ label: shapes, values: { shapes } })),
      code: asCode,
    });
  }
})();
