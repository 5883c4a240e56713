// What all explorers share: a form above the report that the library wrote, which it replaces as soon as somebody types.
// Without scripts the report stays, and nothing on the page is dead. What is said is decided elsewhere: an explorer brings
//
//   report            the element of the library's report
//   name              its name in the address and in ids
//   fields            [{name, label, value, options?, lines?, inAddress?}]: texts to type, or to choose where there are
//                     options; `value` is what the report was made of. With `lines: 4` the text may have several, and
//                     takes the whole width, as it does with `wide`; `inAddress(text)` is what the address holds of a long one
//   hint              one sentence on what may be typed, if that is not plain
//   examples          [{label, values: {field: text}}]
//   read(values)      -> {state}, null if nothing was put in, or {wrong, field, at}: one sentence, and where the wrong
//                     character stands
//   content(state)    -> sentences, tables {caption, header, rows, numbers} and elements; the first is spoken
//   code(state)       -> a program that shows the same
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const BEFORE = 24; // characters that are shown before a wrong one: as many as fit a phone
  const PAUSE = 300, THANKS = 2000; // milliseconds: a screen reader speaks when somebody pauses, not at each letter

  const filled = (made, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const element = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);
  const svg = (name, attributes = {}, ...children) => filled(document.createElementNS(SVG, name), attributes, children);

  // A table as the library writes it. A cell is a text, or [text, class].
  function table({ caption, header, rows, numbers = [] }) {
    const cell = (name, column, content, scope) => {
      const [text, kind] = typeof content === "string" ? [content, ""] : content;
      const kinds = [kind, numbers.includes(header[column]) ? "number" : ""].filter(Boolean).join(" ");
      return element(name, { ...(scope && { scope }), ...(kinds && { class: kinds }) }, text);
    };
    const head = header.map((text, column) => cell("th", column, text, "col"));
    const body = rows.map((row) => element("tr", {}, ...row.map((each, column) =>
      column ? cell("td", column, each) : cell("th", column, each, "row"))));
    return element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...body));
  }

  function draw(report, parts) {
    const drawn = parts.map((part) =>
      typeof part === "string" ? element("p", {}, part) : part instanceof Element ? part : table(part));
    report.replaceChildren(...report.querySelectorAll(":scope > style"), ...drawn);
    report.classList.remove("outdated");
  }

  // The address: the text of each field, in which what an address may hold is left as it is.

  const readable = (text) => encodeURIComponent(text).replace(/%(2C|3A|3B|3D|40|2F|24|5B|5D)/g, decodeURIComponent);
  const kept = ({ name, inAddress = (text) => text }, values) => readable(inAddress(values[name]));
  const addressOf = (name, fields, values) =>
    `#${fields.map((field, i) => `${i ? field.name : name}=${kept(field, values)}`).join("&")}`;

  function fromAddress(name, fields) {
    const parts = location.hash.slice(1).split("&").map((part) => [part.split("=", 1)[0], part.slice(part.indexOf("=") + 1)]);
    if (parts[0][0] !== name) return null;
    const texts = new Map(parts.map(([key, text], i) => [i ? key : fields[0].name, text]));
    try {
      return Object.fromEntries(fields.map((field) => [field.name, decodeURIComponent(texts.get(field.name) ?? "")]));
    } catch {
      return null; // cut off within a letter
    }
  }

  function button(text, click) {
    const made = element("button", { type: "button" }, text);
    made.addEventListener("click", click);
    return made;
  }

  const AS_TYPED = { spellcheck: "false", autocomplete: "off", autocapitalize: "off" };

  function inputOf({ options, lines }, shared) {
    if (options) return element("select", shared, ...options.map((option) => element("option", {}, option)));
    if (lines) return element("textarea", { ...shared, ...AS_TYPED, rows: lines });
    return element("input", { ...shared, ...AS_TYPED, type: "text" });
  }

  function fieldOf(name, asked, hint) {
    const { name: field, label, value } = asked;
    const id = `explored-${name}-${field}`, described = `explored-${name}-said${hint ? ` explored-${name}-hint` : ""}`;
    const input = inputOf(asked, { id, "aria-describedby": described });
    input.value = value;
    const box = element("div", asked.wide || asked.lines ? { class: "wide" } : {}, element("label", { for: id }, label), input);
    return { field, input, box };
  }

  // The line of a text with a character that is marked below; of a long line what stands before it is left out.
  function marked(text, at) {
    const start = at ? text.lastIndexOf("\n", at - 1) + 1 : 0, cut = Math.max(at - start - BEFORE, 0);
    const line = `${cut ? "…" : ""}${text.slice(start + cut).split("\n")[0]}`;
    return `${line}\n${" ".repeat(at - start - cut + (cut ? 1 : 0))}^`;
  }

  const isWrong = ({ field }, wrong) => wrong !== null && (wrong.field ?? field) === field;

  // Below all fields, so that none of them moves while somebody writes.
  function showWrong(inputs, caret, wrong) {
    for (const each of inputs) each.input.setAttribute("aria-invalid", isWrong(each, wrong));
    const text = wrong?.at === undefined ? null : inputs.find((each) => isWrong(each, wrong)).input.value;
    caret.hidden = text === null;
    caret.textContent = text === null ? "" : marked(text, wrong.at);
  }

  function explore({ report, name, fields, hint, examples = [], read, content, code }) {
    const initial = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const inputs = fields.map((field) => fieldOf(name, field, hint));
    const values = () => Object.fromEntries(inputs.map(({ field, input }) => [field, input.value]));
    const said = element("div", { id: `explored-${name}-said`, class: "explorer-said", role: "status" });
    const caret = element("div", { class: "explorer-caret", "aria-hidden": "true", hidden: "" });
    const copying = [
      button("Copy link", ({ target }) => copied(target, new URL(addressOf(name, fields, values()), location.href).href)),
      button("Copy as code", ({ target }) => copied(target, code(state))),
    ];
    const trying = examples.map(({ label, values: texts }) => button(label, () => show({ ...initial, ...texts })));
    const form = element("form", { class: "explorer answered" },
      element("div", { class: "explorer-fields" }, ...inputs.map(({ box }) => box)),
      ...(hint ? [element("div", { id: `explored-${name}-hint`, class: "explorer-hint" }, hint)] : []), caret, said,
      element("div", { class: "explorer-buttons" }, ...trying, ...copying));
    form.addEventListener("submit", (event) => event.preventDefault());

    let { state } = read(initial), waiting;
    for (const each of copying) each.disabled = state === null;

    function answer() {
      const result = read(values()), wrong = result.wrong === undefined ? null : result;
      showWrong(inputs, caret, wrong);
      report.classList.toggle("outdated", wrong !== null); // what is shown was said of something else
      for (const each of copying) each.disabled = wrong !== null || result.state === null;
      let spoken = wrong?.wrong;
      if (!wrong) {
        state = result.state;
        const parts = content(state);
        spoken = parts[0]?.textContent ?? parts[0] ?? "";
        draw(report, parts);
        const isOurs = state !== null || fromAddress(name, fields); // where nothing was put in, an address stays
        if (isOurs) history.replaceState(null, "", addressOf(name, fields, values()));
      }
      clearTimeout(waiting);
      form.classList.toggle("answered", wrong === null); // then it stands below, and is only spoken here
      waiting = setTimeout(() => { said.textContent = spoken; }, PAUSE);
    }

    function show(texts) {
      for (const { field, input } of inputs) input.value = texts[field];
      answer();
    }

    async function copied(target, text) {
      const label = target.textContent;
      await copy(text); // of tensorglass.js
      target.textContent = "Copied";
      setTimeout(() => { target.textContent = label; }, THANKS);
    }

    const follow = () => {
      const texts = fromAddress(name, fields);
      if (texts) show(texts);
    };
    for (const { field, input } of inputs) {
      input.addEventListener("input", answer);
      // What stands there from the beginning is an example: whoever comes to it by a click or a finger replaces it.
      input.addEventListener("click", () => {
        if (input.value === initial[field] && input.selectionStart === input.selectionEnd) input.select?.();
      });
      input.addEventListener("keydown", (event) => { if (event.key === "Escape") show(initial); });
    }
    addEventListener("hashchange", follow);
    report.before(form);
    follow();
  }

  // The first report with a table of this caption, on the whole page or in a part of it, that is not folded.
  function reportWith(caption) {
    return [...document.querySelectorAll(".tensorglass")].find((report) =>
      !report.closest("details") && [...report.querySelectorAll("caption")].some((each) => each.textContent === caption));
  }

  window.tensorglassForm = { element, svg, table, explore, reportWith };
})();
