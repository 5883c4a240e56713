// The search. It finds sections that have any of the words, those with more and with rarer words first. A pasted error
// message is a query too: what differs in it from reader to reader is blurred. Only search.html loads this file.

const SHOWN = 20, OF_ONE_PAGE = 3, EXCERPT = 240;
const LOOKED_AT = 10; // results, by somebody who looks for something
const WEAK = 0.1; // a result of less than this part of the best one's score has a word by chance
const MOST = 0.6; // of a query's words: a message that has so many of them is the one that was pasted
const QUESTIONS = "auto_examples/", MESSAGES = "errors.html"; // the pages that answer, and the list of all messages

const PARTS = /[\p{L}\p{N}_]+/gu;
const AN_ERROR = /\w*(?:Error|Exception|Warning): \S/;
const BEFORE_THE_ERROR = /^.*\b(?=\w*(?:Error|Exception|Warning): \S)/s; // of a traceback only the last line is looked for

// In the place of a class or a device comes a word for any: "cuda:1" finds what was said of "cpu". Where the name is a
// word that people look for, it stays beside it. Numbers and sizes are no words, nor are single letters.
const ANY = new Set(["anyclass", "anydevice"]);
const BLURRED = [
  [/\b(?:torch|c10)(?:[.:]+\w+)*[.:]+\w*(?:Tensor|Float|Double|Half|Long|Int|Bool|Byte)\b|\b\w+Tensor\b/g, " anyclass "],
  [/\b(?:BFloat|Float|Double|Half|Long|Int|Short|Byte|Char|Bool|bfloat|float|double|u?int)\d*\b/g, "$& anyclass"],
  [/\b(?:cuda|cpu|mps|xpu|meta)(?::\d+)?\b/gi, "$& anydevice"],
  [/(\w+?)Backward\d*\b/g, "$1"],
];

// Words of which every page is full. "He" is a name here.
const EMPTY = new Set(("a an and are as at be but by can do does for from has have how if in into is it its of on or " +
  "that the then there this to vs was were what when where which why will with you your").split(" "));

function wordsOf(text) {
  for (const [pattern, word] of BLURRED) text = text.replace(pattern, word);
  const names = text.toLowerCase().match(PARTS) ?? [];
  const parts = names.flatMap((name) => (name.includes("_") ? [name, ...name.split("_")] : [name]));
  return parts.filter((word) => /^\P{N}./u.test(word) && !EMPTY.has(word));
}

// What is indexed of some fields. A page's file has the name of its matter.
const FIELDS = {
  page: ({ page, address }) => `${page} ${address.match(/([^/]*)\.html/)[1]}`,
  errors: ({ errors }) => errors.join("\n"),
};

// A section's number among the places is its name in the index.
function indexed(pages) {
  const places = pages.flatMap(([address, page, sections]) =>
    sections.map(([anchor, title, text, errors, words]) => ({
      address: title === page ? address : `${address}#${anchor}`, page, title, text, errors, words,
    })));
  const index = new MiniSearch({
    fields: ["page", "title", "errors", "text", "words"],
    tokenize: wordsOf,
    processTerm: (word) => word,
    extractField: (place, field) => FIELDS[field]?.(place) ?? place[field],
  });
  index.addAll(places.map((place, id) => ({ ...place, id })));
  return { places, index };
}

// All places, the best first. A message that has most of the words comes before a page that has them here and there.
function found({ places, index }, query) {
  const words = [...new Set(wordsOf(query.replace(BEFORE_THE_ERROR, "")))];
  const mayBeAMessage = words.length > 3 || AN_ERROR.test(query);
  const ranked = index.search(words.join(" "), {
    tokenize: (text) => text.split(" "),
    boost: { page: 2, title: 3, errors: 3, words: 0.5 },
    boostTerm: (word) => (ANY.has(word) ? 0.3 : 1),
    boostDocument: (id) => importance(places[id].address),
    fuzzy: (word) => (word.length > 4 ? 0.2 : false),
    prefix: (word) => word.length > 2,
  });
  const results = ranked.map(({ id, score, terms }) => {
    const place = { ...places[id], terms: new Set(terms) };
    const { message, likeness } = mayBeAMessage ? messageOf(place, words.filter(isSaid).length) : { likeness: 0 };
    const isListed = message && place.address.startsWith(MESSAGES);
    return { ...place, message, score: score * (1 + 4 * likeness) * (isListed ? 2.5 : 1) };
  });
  return withTheList(few(results.sort((one, other) => other.score - one.score)));
}

// Other pages say it shorter, or say how; what is folded on a page carries a proof, or few need it.
function importance(address) {
  if (!address.startsWith(QUESTIONS)) return 0.5;
  return address.includes("#more-") ? 0.8 : 1;
}

// The name of an exception's class is none of the words that tell one message from another.
const isSaid = (word) => !/(?:error|exception|warning)$/.test(word);

// The message of a place that has the most of so many words, if it has enough, and the words in common among all.
function messageOf({ errors, terms }, count) {
  const known = errors.map((message) => {
    const own = new Set(wordsOf(message).filter(isSaid));
    const common = Math.min([...own].filter((word) => terms.has(word)).length, count);
    return { message, likeness: common >= MOST * count ? common / (own.size + count - common) : 0 };
  });
  const best = known.sort((one, other) => other.likeness - one.likeness)[0];
  return best?.likeness ? best : { likeness: 0 };
}

// Where many pages explain a message, its entry in the list of errors is still one of the first.
function withTheList(results) {
  const at = results.findIndex(({ address }) => address.startsWith(MESSAGES));
  if (at >= LOOKED_AT) results.splice(LOOKED_AT - 1, 0, ...results.splice(at, 1));
  return results;
}

// Without what is weak, and not all of one page.
function few(results) {
  const count = {};
  return results.filter(({ address, score }) => {
    const page = address.split("#")[0];
    count[page] = (count[page] ?? 0) + 1;
    return score > WEAK * results[0].score && count[page] <= (page === MESSAGES ? 1 : OF_ONE_PAGE);
  });
}

// Whole words, from three letters on.
function isHit(word, terms) {
  return word.length > 2 && wordsOf(word).some((each) => terms.has(each));
}

// The piece of a text that has the most of the words: its ends.
function best(text, terms) {
  const hits = [...text.matchAll(PARTS)].filter(([word]) => isHit(word, terms));
  let [start, most] = [0, 0];
  for (const { index } of hits) {
    const near = hits.filter((hit) => hit.index >= index && hit.index < index + EXCERPT - 40);
    const different = new Set(near.map(([word]) => word.toLowerCase())).size;
    if (different > most) [start, most] = [Math.max(index - 40, 0), different];
  }
  const begin = start && text.indexOf(" ", start) + 1;
  const end = text.length <= begin + EXCERPT ? text.length : text.lastIndexOf(" ", begin + EXCERPT);
  return [begin, end > begin ? end : begin + EXCERPT];
}

// ---- the page

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

function marked(text, terms) {
  const pieces = text.split(/([\p{L}\p{N}_]+)/u);
  return pieces.map((piece, i) => (i % 2 && isHit(piece, terms) ? element("mark", piece) : piece));
}

function excerpt({ text, words, message, terms }) {
  const whole = message || text || words;
  const [begin, end] = best(whole, terms);
  const shown = [begin ? "… " : "", ...marked(whole.slice(begin, end), terms), end < whole.length ? " …" : ""];
  return element("p", ...(message ? [element("code", ...shown)] : shown));
}

function item(result) {
  const names = result.title && result.title !== result.page ? [result.page, result.title] : [result.page];
  const link = element("a", ...names.flatMap((name, i) => [i ? " › " : "", ...marked(name, result.terms)]));
  link.href = result.address;
  return element("li", link, excerpt(result));
}

function told(results, query) {
  if (!results.length) return `Nothing was found for “${query}”.`;
  const number = results.length === 1 ? "1 section" : `${results.length} sections`;
  const first = results.length > SHOWN ? `, of which the best ${SHOWN} are shown` : "";
  const others = AN_ERROR.test(query) && !results.some((each) => each.message);
  return `${number} found${first}.${others ? " None of them shows this very message." : ""}`;
}

function show(results, query) {
  const list = document.getElementById("search-results");
  list.replaceChildren(...results.slice(0, SHOWN).map(item));
  list.hidden = !results.length;
  document.getElementById("search-offer").hidden = results.length > 0;
  document.getElementById("search-count").textContent = told(results, query);
}

// The texts are asked for when something is looked for. A script may be loaded also from a folder.
function load() {
  return new Promise((resolve, reject) => {
    const script = element("script");
    script.src = "search_sections.js";
    script.onload = () => resolve(indexed(window.searchSections));
    script.onerror = reject;
    document.head.append(script);
  });
}

async function search(query) {
  document.getElementById("search-words").value = query;
  document.getElementById("search-count").textContent = "Searching …";
  try {
    show(found(await load(), query), query);
  } catch {
    document.getElementById("search-offer").hidden = false;
    document.getElementById("search-count").textContent = "The texts to search in could not be loaded.";
  }
}

const query = globalThis.location && new URLSearchParams(location.search).get("q")?.trim();
if (query) search(query);
