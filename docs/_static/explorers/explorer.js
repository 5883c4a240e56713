// The reader's own shapes: a form above the table that the library wrote, which it replaces as soon as somebody types. Without
// this script the table stays, and nothing on the page is dead. What is said is decided in broadcast.js.
"use strict";

(() => {
  const CAPTION = "Shapes aligned at the last axis"; // of the tables that `explain_broadcast` writes
  const EXAMPLES = ["(64, 3, 32, 32) (3,)", "(8, 1) (8,)", "(2, 3) (4, 5)"];
  const MOST_SHAPES = 4, MOST_AXES = 8; // beyond, the search for what helps takes seconds
  const IN_ADDRESS = "#shapes=";
  const NUMBERS_BUT_NO_SHAPE = /(?<![\w.])[([][\d,\s]*([-+.*])[\d,\s+.*-]*[)\]]/; // beside shapes, other brackets are words
  const { broadcast, broadcastContent, readShapes, shapeText } = window.tensorglass;

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // The table, as the library writes it

  function draw(report, told) {
    const parts = broadcastContent(told).map((part) => (typeof part === "string" ? element("p", {}, part) : table(part)));
    report.replaceChildren(...report.querySelectorAll(":scope > style"), ...parts);
    report.classList.remove("outdated");
  }

  function table({ caption, header, rows }) {
    const isNumber = (column) => header[column] === "axis" || header[column] === "elements";
    const cell = (name, column, [text, kind], scope) => {
      const kinds = [kind, isNumber(column) ? "number" : ""].filter(Boolean).join(" ");
      return element(name, { ...(scope && { scope }), ...(kinds && { class: kinds }) }, text);
    };
    const head = header.map((text, column) => cell("th", column, [text, ""], "col"));
    const body = rows.map((row) => element("tr", {}, ...row.map((each, column) =>
      column ? cell("td", column, each) : cell("th", column, each, "row"))));
    return element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...body));
  }

  // What came, in one sentence, where nothing can be said of it

  function complaint(text, shapes) {
    const inBrackets = (shapes.length ? NUMBERS_BUT_NO_SHAPE : /[([][\d,\s]*([^\d,\s)\]([])/).exec(text);
    if (!text.trim()) return { said: "Write shapes such as (3, 4) and (3,), or paste a text that names them." };
    if (inBrackets) {
      const at = inBrackets.index + inBrackets[0].indexOf(inBrackets[1]);
      return { said: `“${inBrackets[1]}” is no part of a shape; sizes are whole numbers of 0 or more.`, at };
    }
    if (/size of tensor a \(\d+\)/.test(text) && !shapes.length) {
      return { said: "This message names two sizes. Print both shapes, x.shape and y.shape, and paste those." };
    }
    if (!shapes.length) return { said: "There is no shape in it; expected, for instance, (3, 4) and (3,)." };
    if (shapes.length > MOST_SHAPES) return { said: `${shapes.length} shapes came; at most ${MOST_SHAPES} are compared here.` };
    const long = shapes.find((shape) => shape.length > MOST_AXES);
    if (long) return { said: `A shape with ${long.length} axes came; at most ${MOST_AXES} are compared here.` };
    if (!shapes.flat().every(Number.isSafeInteger)) return { said: "A size is larger than any tensor's." };
    return null;
  }

  const written = (shapes) => shapes.map(shapeText).join(" ");
  const address = (shapes) => IN_ADDRESS + shapes.map((shape) => shape.join()).join(";");
  const fromAddress = () => location.hash.startsWith(IN_ADDRESS)
    ? location.hash.slice(IN_ADDRESS.length).split(";").map((sizes) => (sizes.match(/\d+/g) ?? []).map(Number))
    : null;

  function asCode({ shapes, ok, smallest }) {
    const names = shapes.map((_, i) => String.fromCharCode(97 + i));
    const made = shapes.map((shape, i) => `${names[i]} = torch.rand(${shape.length ? shape.join(", ") : "()"})`);
    return ["import torch", "", ...made, `total = ${ok ? names.join(" + ") : smallest.code}`, "print(total.shape)", ""].join("\n");
  }

  function explore(report) {
    const first = [...report.querySelectorAll("table")].find((each) => each.caption?.textContent === CAPTION);
    const columns = [...first.tHead.rows[0].cells].slice(1, -1).map((cell) => cell.textContent);
    const initial = columns.flatMap(readShapes);

    const input = element("input", {
      id: "explored-shapes", type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      "aria-describedby": "explored-said",
    });
    const caret = element("div", { class: "explorer-caret", "aria-hidden": "true", hidden: "" });
    const said = element("div", { id: "explored-said", class: "explorer-said", role: "status" });
    const button = (text, click) => {
      const made = element("button", { type: "button" }, text);
      made.addEventListener("click", click);
      return made;
    };
    const examples = EXAMPLES.map((text) => button(text, () => show(text)));
    const copying = [
      button("Copy link", (event) => copied(event.target, new URL(address(told.shapes), location.href).href)),
      button("Copy as code", (event) => copied(event.target, asCode(told))),
    ];
    const form = element("form", { class: "explorer" },
      element("label", { for: "explored-shapes" }, "Your own shapes, or a text that names them"),
      input, caret, said,
      element("div", { class: "explorer-buttons" }, ...examples, ...copying));
    form.addEventListener("submit", (event) => event.preventDefault());

    let told = broadcast(initial), waiting;

    function answer(text) {
      const shapes = readShapes(text), wrong = complaint(text, shapes);
      input.setAttribute("aria-invalid", wrong !== null);
      report.classList.toggle("outdated", wrong !== null); // what is shown was said of other shapes
      caret.hidden = wrong?.at === undefined;
      caret.textContent = caret.hidden ? "" : `${text}\n${" ".repeat(wrong.at)}^`;
      for (const each of copying) each.disabled = wrong !== null;
      if (!wrong) {
        told = broadcast(shapes);
        draw(report, told);
        history.replaceState(null, "", address(shapes));
      }
      clearTimeout(waiting); // a screen reader hears the sentence when somebody pauses, not at each letter
      waiting = setTimeout(() => { said.textContent = wrong ? wrong.said : broadcastContent(told)[0]; }, 300);
    }

    function show(text) {
      input.value = text;
      answer(text);
    }

    async function copied(button, text) {
      const name = button.textContent;
      await copy(text); // of tensorglass.js
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = name; }, 2000);
    }

    input.addEventListener("input", () => answer(input.value));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") show(written(initial));
    });
    const follow = () => { if (fromAddress()) show(written(fromAddress())); };
    addEventListener("hashchange", follow);
    input.value = written(initial);
    report.before(form);
    follow();
  }

  const reports = [...document.querySelectorAll(".tensorglass")].filter((report) =>
    !report.closest("details") && [...report.querySelectorAll("caption")].some((each) => each.textContent === CAPTION));
  if (reports.length) explore(reports[0]); // one a page: the first that is not folded
})();
