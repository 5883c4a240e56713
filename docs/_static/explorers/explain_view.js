// The reader's own error message, or a whole traceback. What is said of it is decided in explain.js and catalogue.js.
"use strict";

(() => {
  const PLACE = "explained"; // an empty element of the page
  const COMPARED = "auto_examples/broadcasting/unsqueeze.html"; // where shapes are compared
  const MOST_SHAPES = 4; // that are compared there
  const IN_ADDRESS = 8000, IN_SEARCH = 300, SHOWN = 300; // characters of a message
  const COMMANDS = /print\(x\.shape, x\.dtype, x\.device\)|python -m tensorglass/g; // code, which the library's text is not
  const EXAMPLES = {
    "A product": "RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x784 and 128x10)",
    "A view": "RuntimeError: shape '[4, 4]' is invalid for input of size 12",
    "A traceback": 'Traceback (most recent call last):\n  File "train.py", line 21, in <module>\n    loss = ' +
      "criterion(output, target)\nIndexError: Target 10 is out of bounds.",
  };
  const { explain, explainContent } = window.tensorglass;
  const { element, explore } = window.tensorglassForm;

  const place = document.getElementById(PLACE);
  const root = document.documentElement.dataset.content_root ?? "";
  if (!place) return;

  function read({ message: text }) {
    return { state: text.trim() ? { text, ...explain(text) } : null };
  }

  const whole = ({ type, message }) => (type ? `${type}: ${message}` : message);
  const shortened = (text, length) => (text.length > length ? `${text.slice(0, length)} …` : text);
  const kept = (text) => (text.trim() ? whole(explain(text)) : text).slice(0, IN_ADDRESS);

  const code = (text) => element("code", { class: "literal" }, text);

  // A sentence in which code stands between backquotes
  function sentence(text) {
    const parts = text.replace(COMMANDS, "`$&`").split(/`([^`]+)`/);
    return element("p", {}, ...parts.map((part, i) => (i % 2 ? code(part) : part)));
  }

  const link = (href, ...text) => element("a", { href }, ...text);

  // Where the message names shapes that are stretched to each other, they are compared on a page of their own.
  function comparison({ message, cause }) {
    const { readShapes, shapeText } = window.tensorglass;
    const shapes = /broadcast|stretch/.test(message + cause) ? readShapes(message).map(shapeText) : [];
    if (shapes.length < 2 || shapes.length > MOST_SHAPES) return [];
    const address = `${root}${COMPARED}#shapes=${encodeURIComponent(shapes.join(" "))}`;
    return [element("p", {}, link(address, `Compare ${shapes.join(" and ")}, axis by axis`))];
  }

  function links({ kind, page }) {
    const entry = document.getElementById(kind) ? `#${kind}` : `${root}errors.html#${kind}`;
    const about = page ? [link(root + page, "Everything about this error"), "; "] : [];
    return element("p", {}, ...about, link(entry, "its wordings, in the list of errors"));
  }

  function content(told) {
    place.hidden = told === null;
    if (told === null) return [];
    const [cause, ...others] = explainContent(told).map((part) => (typeof part === "string" ? sentence(part) : part));
    const isPart = told.text.trim() !== whole(told);
    const read = isPart ? [element("p", {}, "Read in it: ", code(shortened(whole(told), SHOWN)))] : [];
    const search = link(`${root}search.html?q=${encodeURIComponent(whole(told).slice(0, IN_SEARCH))}`, "Look for it in the search");
    const more = told.known ? links(told) : element("p", {}, search, ", which finds pages that have some of its words.");
    return [cause, ...read, ...others.slice(0, -1), more, ...comparison(told), ...others.slice(-1)];
  }

  const program = (told) => `from tensorglass import explain_error\n\nprint(explain_error(${JSON.stringify(whole(told))}))\n`;

  explore({
    report: place, read, content, code: program,
    name: "message",
    fields: [{ name: "message", label: "Paste your message, or the whole traceback", value: "", lines: 3, inAddress: kept }],
    examples: Object.entries(EXAMPLES).map(([label, message]) => ({ label, values: { message } })),
  });
})();
