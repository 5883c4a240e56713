// How shapes broadcast, and what to do when they do not: the rule, torch's message, the size-1 axes that help. It says what
// `explain_broadcast` of the library says, word by word; the tests compare the two. No page is touched here: see
// broadcast_view.js.
//
// tensorglass.broadcast([[3], [3, 4]]) -> {ok, result, error, elements, axes, fixes: [{code, result, ...}], ...}
"use strict";

(() => {
  const AT_MOST = 10; // to choose from; those after them insert more axes, for larger results
  const SEARCH_LIMIT = 20000; // many equal sizes give many alignments of the same shapes
  const REMOVALS_LIMIT = 2000;
  const BYTES = 4n; // of an element of torch's default dtype

  function broadcast(shapes) {
    const axes = axesOf(shapes);
    const result = broadcastShape(shapes);
    const told = { shapes, ok: result !== null, result, axes, error: null, fixes: [], smallest: null, squeezes: [] };
    if (result === null) {
      told.error = errorText(shapes);
      told.fixes = findFixes(shapes);
      told.smallest = findSmallestFix(shapes);
    }
    told.elements = result && Number(product(result));
    told.bothStretched = result !== null && shapes.every((shape) => product(shape) < product(result));
    if (told.bothStretched) told.squeezes = findSqueezes(shapes);
    told.summedAxes = shapes.map((_, i) =>
      axes.filter((axis) => axis.roles[i] === "stretched" || axis.roles[i] === "missing").map((axis) => axis.axis));
    return told;
  }

  // The rule

  function axisSize(sizes) {
    const wanted = new Set(sizes.filter((size) => size !== 1));
    return wanted.size > 1 ? null : wanted.size ? [...wanted][0] : 1;
  }

  function aligned(shapes) {
    const rank = Math.max(...shapes.map((shape) => shape.length));
    const padded = shapes.map((shape) => [...Array(rank - shape.length).fill(1), ...shape]);
    return Array.from({ length: rank }, (_, axis) => padded.map((shape) => shape[axis]));
  }

  function broadcastShape(shapes) {
    const sizes = aligned(shapes).map(axisSize);
    return sizes.includes(null) ? null : sizes;
  }

  function axesOf(shapes) {
    const rank = Math.max(...shapes.map((shape) => shape.length));
    return Array.from({ length: rank }, (_, before) => {
      const sizes = shapes.map((shape) => (before < shape.length ? shape[shape.length - 1 - before] : null));
      const result = axisSize(sizes.filter((size) => size !== null));
      const role = (size) =>
        size === null ? "missing" : size === result ? "equal" : size === 1 ? "stretched" : "clash";
      return { axis: -1 - before, sizes, roles: sizes.map(role), result };
    });
  }

  // Additions run from the left; torch names the last clashing axis of the first bad pair.
  function errorText(shapes) {
    let total = shapes[0];
    for (const shape of shapes.slice(1)) {
      const sum = broadcastShape([total, shape]);
      if (sum === null) {
        const pairs = aligned([total, shape]);
        const last = pairs.findLastIndex((pair) => axisSize(pair) === null);
        return `The size of tensor a (${pairs[last][0]}) must match the size of tensor b (${pairs[last][1]}) ` +
          `at non-singleton dimension ${last}`;
      }
      total = sum;
    }
    return null;
  }

  // Where to insert size-1 axes. An alignment decides, column by column from the last axis backwards, which operands sit a
  // column out: one that still has axes to place gets a size-1 axis there. A search that knows the exact cost of the best
  // rest meets the alignments in their order.

  function findFixes(shapes) {
    const found = new Map();
    let seen = 0;
    for (const columns of alignments(shapes, ([inserted, elements]) => [inserted, elements])) {
      const fix = fixOf(shapes, columns);
      const key = JSON.stringify(fix.shapes);
      if (!found.has(key)) found.set(key, fix);
      seen += 1;
      if (found.size === AT_MOST || seen === SEARCH_LIMIT) break;
    }
    return [...found.values()];
  }

  function findSmallestFix(shapes) {
    return fixOf(shapes, alignments(shapes, ([inserted, elements]) => [elements, inserted]).next().value);
  }

  function* alignments(shapes, order) {
    const bestRest = restOf(shapes, order);
    const start = shapes.map((shape) => shape.length);
    const heap = new Heap();
    heap.push({ key: order(bestRest(start)), columns: [], cost: [0n, 1n], left: start });
    while (heap.size) {
      const { columns, cost, left } = heap.pop();
      if (!left.some(Boolean)) {
        yield columns;
        continue;
      }
      for (const [column, size] of nextColumns(shapes, left)) {
        const soFar = together(cost, [insertions(left, column), size]);
        const nowLeft = place(left, column);
        const key = order(together(soFar, bestRest(nowLeft)));
        heap.push({ key, columns: [...columns, column], cost: soFar, left: nowLeft });
      }
    }
  }

  function restOf(shapes, order) {
    const known = new Map();
    return function best(left) {
      if (!left.some(Boolean)) return [0n, 1n];
      const key = left.join();
      if (!known.has(key)) {
        const costs = [...nextColumns(shapes, left)].map(([column, size]) =>
          together([insertions(left, column), size], best(place(left, column))));
        known.set(key, costs.reduce((a, b) => (compare(order(b), order(a)) < 0 ? b : a)));
      }
      return known.get(key);
    };
  }

  function* nextColumns(shapes, left) {
    const choices = left.map((count) => (count ? [false, true] : [true]));
    const columns = choices.reduce((heads, next) => heads.flatMap((head) => next.map((out) => [...head, out])), [[]]);
    for (const column of columns) {
      if (column.every(Boolean)) continue;
      const sizes = new Set(shapes.flatMap((shape, i) => (column[i] ? [] : [shape[left[i] - 1]])));
      sizes.delete(1);
      if (sizes.size <= 1) yield [column, BigInt(sizes.size ? [...sizes][0] : 1)];
    }
  }

  const together = ([a, b], [c, d]) => [a + c, b * d];
  const place = (left, column) => left.map((count, i) => (column[i] ? count : count - 1));
  const insertions = (left, column) => BigInt(left.filter((count, i) => column[i] && count > 0).length);

  function fixOf(shapes, columns) {
    const indices = shapes.map((shape, i) => indexOf(shape.length, columns.map((column) => column[i])));
    const made = shapes.map((shape, i) => {
      const sizes = [...shape];
      return indices[i].map((isNew) => (isNew ? 1 : sizes.shift()));
    });
    const result = broadcastShape(made);
    return {
      code: indices.map((index, i) => nameOf(i) + indexCode(index)).join(" + "),
      shapes: made,
      result,
      inserted: indices.flat().filter(Boolean).length,
      elements: Number(product(result)),
    };
  }

  // For each axis afterwards whether it is new.
  function indexOf(rank, sitsOut) {
    const index = [];
    for (const out of sitsOut) {
      if (!rank) break;
      index.unshift(out);
      rank -= out ? 0 : 1;
    }
    return index;
  }

  function indexCode(index) {
    const entries = index.slice(0, index.lastIndexOf(true) + 1).map((isNew) => (isNew ? "None" : ":"));
    return entries.length ? `[${entries.join(", ")}]` : "";
  }

  // Which size-1 axes to remove, so that a result is not larger than every operand.

  function findSqueezes(shapes) {
    const sizes = shapes.map(product);
    const most = sizes.reduce((a, b) => (b > a ? b : a));
    const found = [], kept = [];
    let seen = 0;
    for (const removed of removals(shapes)) {
      if (seen === REMOVALS_LIMIT) break;
      seen += 1;
      if (kept.some((each) => each.every((place) => removed.some((other) => compare(place, other) === 0)))) continue;
      const squeeze = squeezeOf(shapes, removed);
      if (squeeze && product(squeeze.result) <= most) {
        kept.push(removed);
        found.push(squeeze);
      }
    }
    found.sort((a, b) => a.removed - b.removed || a.elements - b.elements);
    return found.slice(0, AT_MOST);
  }

  function* removals(shapes) {
    const places = shapes.flatMap((shape, i) => shape.flatMap((size, axis) => (size === 1 ? [[i, axis]] : [])));
    for (let count = 1; count <= places.length; count += 1) yield* combinations(places, count);
  }

  function* combinations(items, count) {
    if (!count) {
      yield [];
      return;
    }
    for (let i = 0; i + count <= items.length; i += 1) {
      for (const rest of combinations(items.slice(i + 1), count - 1)) yield [items[i], ...rest];
    }
  }

  function squeezeOf(shapes, removed) {
    const axes = shapes.map((_, i) => removed.filter(([operand]) => operand === i).map(([, axis]) => axis));
    const made = shapes.map((shape, i) => shape.filter((_, axis) => !axes[i].includes(axis)));
    const result = broadcastShape(made);
    const call = (gone) => (!gone.length ? "" : `.squeeze(${gone.length === 1 ? gone[0] : shapeText(gone)})`);
    return result && {
      code: axes.map((gone, i) => nameOf(i) + call(gone)).join(" + "),
      shapes: made,
      result,
      removed: removed.length,
      elements: Number(product(result)),
    };
  }

  // What the library's table says: sentences, and tables of {caption, header, rows}; a cell is [text, class].

  function content(told) {
    const { shapes, axes, result } = told;
    const names = shapes.map(shapeText).join(" and ");
    const parts = [];
    if (result === null) {
      parts.push(`${names}: do not broadcast`);
    } else {
      const elements = product(result);
      const size = `${counted(elements, "element")} of torch.float32, ${bytesText(elements * BYTES)}`;
      parts.push(`${names}: broadcast to ${shapeText(result)} (${size})`);
    }
    if (axes.length) parts.push(axesTable(told));
    if (result === null) {
      parts.push(`${shapes.map((_, i) => nameOf(i)).join(" + ")} raises: ${told.error}`);
      let caption = "Size-1 axes that make it work, the smallest result first";
      if (isMismatch(told)) {
        const against = (axis) => [...new Set(axis.sizes.filter((size) => size !== null && size !== 1))].join(" against ");
        const clashes = axes.filter((axis) => axis.result === null).map((axis) => `${against(axis)} in axis ${axis.axis}`);
        parts.push(`The sizes do not match: ${clashes.join(", ")}. Size-1 axes can only make outer products of these ` +
          "shapes; where none is meant, a size is wrong.");
        caption = "Outer products, the smallest result first";
      }
      parts.push(fixesTable(caption, [told.smallest, ...told.fixes.slice(0, 3)]));
    }
    if (told.bothStretched) {
      parts.push("Every operand is stretched: the result is larger than each of them, and no error is raised.");
      if (told.squeezes.length) parts.push(fixesTable("Size-1 axes to remove, so that it is not larger", told.squeezes));
    }
    return parts;
  }

  // Whether a size is wrong, since size-1 axes give only an outer product, which stretches every operand.
  function isMismatch({ smallest }) {
    const { shapes, result } = smallest;
    return shapes.every((shape) => compare([...Array(result.length - shape.length).fill(1), ...shape], result) !== 0);
  }

  function axesTable({ shapes, axes }) {
    const text = (size, role) => (role === "equal" ? `${size}` : size === null ? role : `${size} ${role}`);
    return {
      caption: "Shapes aligned at the last axis",
      header: ["axis", ...shapes.map((shape, i) => `${nameOf(i)} ${shapeText(shape)}`), "result"],
      rows: axes.map(({ axis, sizes, roles, result }) => [
        [`${axis}`, `axis${-axis}`],
        ...sizes.map((size, i) => [text(size, roles[i]), roles[i]]),
        [result === null ? "none" : `${result}`, ""],
      ]),
    };
  }

  function fixesTable(caption, fixes) {
    const different = new Map(fixes.map((fix) => [JSON.stringify(fix.shapes), fix]));
    const rows = [...different.values()].sort((a, b) => a.elements - b.elements).map(({ code, result }) => [
      [code, ""], [shapeText(result), ""], [grouped(product(result)), ""],
    ]);
    return { caption, header: ["code", "result", "elements"], rows };
  }

  // Words, as Python writes them

  function bytesText(bytes) {
    if (bytes < 1024n) return counted(bytes, "byte");
    const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
    const exponent = Math.min(Math.floor((bytes.toString(2).length - 1) / 10), units.length - 1);
    return `${roundedToTenths(BigInt(Number(bytes)), 1024n ** BigInt(exponent))} ${units[exponent]}`;
  }

  // Of a number of Python's floats, rounded as Python writes it: what lies in the middle goes to the even digit.
  function roundedToTenths(number, divisor) {
    let tenths = (10n * number) / divisor;
    const rest = 2n * ((10n * number) % divisor);
    if (rest > divisor || (rest === divisor && tenths % 2n)) tenths += 1n;
    return `${grouped(tenths / 10n)}.${tenths % 10n}`;
  }

  const product = (shape) => shape.reduce((total, size) => total * BigInt(size), 1n);
  const grouped = (number) => number.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1n ? "" : "s"}`;
  const nameOf = (i) => (i < 26 ? String.fromCharCode(97 + i) : `t${i + 1}`);
  const shapeText = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

  // Lists in Python's order: the first difference decides, and of two that begin alike the shorter one is less.
  function compare(a, b) {
    for (let i = 0; i < a.length && i < b.length; i += 1) {
      const order = Array.isArray(a[i]) ? compare(a[i], b[i]) : a[i] < b[i] ? -1 : a[i] > b[i] ? 1 : 0;
      if (order) return order;
    }
    return a.length - b.length;
  }

  class Heap {
    #items = [];

    get size() {
      return this.#items.length;
    }

    static #before(a, b) {
      return (compare(a.key, b.key) || compare(a.columns, b.columns)) < 0;
    }

    push(item) {
      const items = this.#items;
      let at = items.push(item) - 1;
      for (let up = (at - 1) >> 1; at && Heap.#before(items[at], items[up]); up = (at - 1) >> 1) {
        [items[at], items[up]] = [items[up], items[at]];
        at = up;
      }
    }

    pop() {
      const items = this.#items, top = items[0], last = items.pop();
      if (!items.length) return top;
      items[0] = last;
      for (let at = 0; ;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < items.length && Heap.#before(items[child], items[least])) least = child;
        }
        if (least === at) return top;
        [items[at], items[least]] = [items[least], items[at]];
        at = least;
      }
    }
  }

  // What somebody types or pastes: shapes as (3, 4), [3, 4], 3x4, with torch.Size or a function's name before them. In a
  // message, the "(4)" of "tensor a (4)" is a size and no shape. Returns [] where there is none.
  function read(text) {
    const shape = /(?:[\w.]*\()?\[([\d,\s]*)\]\)?|\(([\d,\s]*)\)|\b(\d+(?:\s*[x×]\s*\d+)+)\b/g;
    const sizesAlone = text.replace(/\b(tensor \w|size|dimension|element) \(\d+\)/g, "");
    return [...sizesAlone.matchAll(shape)].map((found) => ((found[1] ?? found[2] ?? found[3]).match(/\d+/g) ?? []).map(Number));
  }

  window.tensorglass = { ...window.tensorglass, broadcast, broadcastContent: content, readShapes: read, shapeText };
})();
