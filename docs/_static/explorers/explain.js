// What a pasted error message means: the library's own rules for cause and fixes, which the build has translated to
// catalogue.js. It says what `explain_error` of the library says of a text, word by word; the tests compare the two. No
// page is touched here: see explain_view.js.
//
// tensorglass.explain("IndexError: Target 7 is out of bounds.") -> {known, kind, cause, fixes: [{code, result}], page, ...}
"use strict";

(() => {
  const AT_MOST = 1_000_000; // items of a range: more are in no message that torch writes
  const LONGEST_CODE = 120; // characters of code that a row shows, as in the library
  const NOT_TRANSLATED = "This error is known; what is said of its numbers needs the library."; // of none so far
  const TOO_LARGE = "This error is known; a number in it is too large to be counted with here.";

  // Python's own functions, as the translated rules call them. What fails in Python has to fail here too.

  class List extends Array {} // is shown as [1, 2], where a tuple is shown as (1, 2)

  const fail = (reason) => { throw new RangeError(reason); };
  const exact = (number) => (Number.isSafeInteger(number) ? number : fail(TOO_LARGE));
  const isItems = Array.isArray;

  function str(value) {
    if (!isItems(value)) return value === null ? "None" : `${value}`;
    const items = value.map(str).join(", ");
    return value instanceof List ? `[${items}]` : value.length === 1 ? `(${items},)` : `(${items})`;
  }

  function same(a, b) {
    if (!isItems(a) || !isItems(b)) return a === b;
    return a instanceof List === b instanceof List && a.length === b.length && [...a].every((each, i) => same(each, b[i]));
  }

  function at(items, place) {
    if (typeof items === "string" || isItems(items)) return items.at(place) ?? fail();
    return Object.hasOwn(items, place) ? items[place] : fail();
  }

  function has(items, item) {
    if (items instanceof Set) return items.has(item);
    if (typeof items === "string") return items.includes(item);
    return isItems(items) ? items.some((each) => same(each, item)) : Object.hasOwn(items, item);
  }

  // Items are compared one after another: the first that differs decides.
  function compared(a, b) {
    if (!isItems(a)) return a < b ? -1 : a > b ? 1 : 0;
    const place = a.findIndex((each, i) => !same(each, b[i]));
    return place < 0 ? a.length - b.length : place < b.length ? compared(a[place], b[place]) : 1;
  }

  function truth(value) {
    if (isItems(value)) return value.length > 0;
    return value instanceof Set ? value.size > 0 : Boolean(value);
  }

  function range(...ends) {
    const [start, stop, step] = ends.length === 1 ? [0, ends[0], 1] : [ends[0], ends[1], ends[2] ?? 1];
    const length = Math.max(Math.ceil((stop - start) / step), 0);
    return length > AT_MOST ? fail(TOO_LARGE) : Array.from({ length }, (_, i) => start + i * step);
  }

  function zip(strict, ...lists) {
    const lengths = lists.map((list) => list.length);
    if (strict && new Set(lengths).size > 1) fail();
    return Array.from({ length: Math.min(...lengths) }, (_, i) => lists.map((list) => list[i]));
  }

  function int(value) {
    return /^\s*[-+]?\d+\s*$/.test(value) ? exact(Number(value)) : fail();
  }

  function strip(text, letters = " \n\t\r\v\f") {
    const rest = [...lstrip(text, letters)];
    while (rest.length && letters.includes(rest.at(-1))) rest.pop();
    return rest.join("");
  }

  function lstrip(text, letters) {
    const start = [...text].findIndex((letter) => !letters.includes(letter));
    return start < 0 ? "" : [...text].slice(start).join("");
  }

  // A number with one decimal, as Python writes it: what lies in the middle goes to the even digit.
  function tenths(number) {
    const isMiddle = Number.isInteger(number * 4) && Math.abs(number * 20) % 2 === 1;
    const [whole, digit] = (isMiddle ? 2 * Math.round(number * 5) / 10 : number).toFixed(1).split(".");
    return `${grouped(whole)}.${digit}`;
  }

  const grouped = (number) => `${number}`.replace(/\B(?=(\d{3})+$)/g, ",");
  const divided = (a, b, by) => (b === 0 ? fail() : by(a, b));

  const $ = {
    fail, str, same, at, has, truth, range, zip, int, strip, lstrip, tenths, grouped,
    list: (...items) => List.from(items),
    len: (items) => items.size ?? items.length,
    and: (value, other) => (truth(value) ? other() : value),
    or: (value, other) => (truth(value) ? value : other()),
    add: (a, b) => (isItems(a) ? a.concat(b) : a + b),
    minus: (a, b) => (a instanceof Set ? new Set([...a].filter((each) => !b.has(each))) : a - b),
    both: (a, b) => new Set([...a].filter((each) => b.has(each))),
    times: (items, count) => (isItems(items) ? items.constructor.from(range(count).flatMap(() => items)) : items * count),
    floor: (a, b) => divided(a, b, () => Math.floor(a / b)),
    mod: (a, b) => divided(a, b, () => ((a % b) + b) % b),
    divided: (a, b) => divided(a, b, () => a / b),
    power: (a, b) => a ** b,
    sum: (numbers) => numbers.reduce((total, each) => total + each, 0),
    prod: (numbers) => numbers.reduce((total, each) => exact(total * each), 1),
    enumerate: (items) => [...items].map((each, i) => [i, each]),
    reversed: (items) => items.slice().reverse(),
    next: (items, ...other) => (items.length ? items[0] : other.length ? other[0] : fail()),
    unpacked: (items, count) => (items.length === count ? items : fail()),
    count: (items, item) => items.filter((each) => same(each, item)).length,
    get: (object, key, other = null) => (Object.hasOwn(object, key) ? object[key] : other),
    split: (text, at = undefined) => (at === undefined ? strip(text).split(/\s+/) : text.split(at)),
    removeprefix: (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text),
    removesuffix: (text, suffix) => (suffix && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text),
    search: (pattern, text) => pattern.exec(text),
    findall: (pattern, text) => [...text.matchAll(pattern)].map((found) => (found.length > 2 ? found.slice(1) : found.at(-1))),
    sorted: (items, isReversed) => items.slice().sort((a, b) => (isReversed ? compared(b, a) : compared(a, b))),
    // Code in which some parts, which stand at odd places, are others.
    replaced: (pieces, codes) => pieces.map((piece, i) => (i % 2 ? codes[(i - 1) / 2] ?? piece : piece)).join(""),
    broadcast: (shapes) => window.tensorglass.broadcast(shapes),
  };

  // A message, with the named parts of its wording

  const caseOf = (message, found) => ({
    message,
    has: (name) => found[name] !== undefined,
    get: (name) => found[name] ?? null,
    text: (name) => found[name] ?? fail(),
    number: (name) => int(found[name] ?? fail()),
    numbers: (name) => ((found[name] ?? "").match(/-?\d+/g) ?? []).map((digits) => exact(Number(digits))),
  });

  let catalogue;
  const known = () => (catalogue ??= window.tensorglassCatalogue($));

  // The last error of a text: of a traceback, of a log, or the text itself.
  function messageIn(pasted) {
    const { head, colour, longestPaste } = known();
    const text = pasted.slice(-longestPaste).replace(colour, "").trim();
    const last = [...text.matchAll(head)].at(-1);
    if (!last) return { type: "", message: text };
    const rest = last.index + last[0].length - last.groups.rest.length;
    return { type: last.groups.type.split(".").at(-1), message: text.slice(rest).trim() };
  }

  function recognized({ type, message }) {
    const { never, longest, entries } = known();
    if (never.includes(type)) return null;
    for (const [kind, patterns, page, cause, fixes] of entries) {
      for (const pattern of patterns) {
        const found = pattern.exec(message.slice(0, longest));
        if (found) return { kind, page, cause, fixes, asked: caseOf(message, { ...found.groups }) };
      }
    }
    return null;
  }

  function told({ cause, fixes, asked }) {
    if (cause === null) return { cause: NOT_TRANSLATED, fixes: [] };
    const answer = (rule) => (typeof rule === "function" ? rule(asked) : rule);
    try {
      return { cause: answer(cause), fixes: distinct([...answer(fixes)]) };
    } catch (error) { // or else a wording that has fewer numbers than the rule takes
      return { cause: error.message === TOO_LARGE ? TOO_LARGE : known().noNumbers, fixes: [] };
    }
  }

  function distinct(pairs) {
    const fixes = pairs.map(([code, result]) => ({ code, result })).reverse();
    return [...new Map(fixes.map((fix) => [fix.code, fix])).values()].reverse();
  }

  function explain(pasted) {
    const message = messageIn(pasted), found = recognized(message);
    if (!found) return { ...message, known: false, kind: null, cause: known().unknown, fixes: [], page: null };
    return { ...message, known: true, kind: found.kind, ...told(found), page: found.page };
  }

  // What the library's report says below the message: sentences, and a table of {caption, header, rows}.

  function content({ cause, fixes }) {
    const rows = fixes.map(({ code, result }) => [[onOneLine(code), "code"], [result, ""]]);
    const table = { caption: "What mends it", header: ["write", "what comes out"], rows };
    return [cause, ...(rows.length ? [table] : []), known().print];
  }

  function onOneLine(code) {
    const text = code.trim().split(/\s+/).join(" ");
    return text.length <= LONGEST_CODE ? text : `${text.slice(0, LONGEST_CODE - 4)} ...`;
  }

  window.tensorglass = { ...window.tensorglass, explain, explainContent: content };
})();
