// The reader's own deep network: a form, and a picture of its signal and gradient. What is said of it is decided in depth.js.
"use strict";

(() => {
  const CAPTION = "Signal propagation"; // of the table that the library writes
  const HINT = "sigma_w is the weights' standard deviation times √width, sigma_b that of the biases. Both take numbers, roots " +
    "such as sqrt(2), and products; sigma_w also takes gain and critical, of the activation. Depth counts layers, width units.";
  const EXAMPLES = [
    { label: "relu, its gain", values: { sigma_w: "gain" } },
    { label: "relu, as nn.Linear begins", values: { sigma_w: "1/sqrt(3)", sigma_b: "1/sqrt(3*256)" } },
    { label: "tanh, 5 times too large", values: { activation: "tanh", sigma_w: "5", depth: "30" } },
    { label: "tanh, critical", values: { activation: "tanh", sigma_w: "critical", sigma_b: "sqrt(0.05)" } },
    { label: "gelu, its gain", values: { activation: "gelu", sigma_w: "gain" } },
  ];
  const SIGNAL = "#0072b2", GRADIENT = "#d55e00"; // those of the library's pictures
  const HEIGHT = 340, LEFT = 46, RIGHT = 10, BOTTOM = 42, LINE = 18; // pixels
  const LOWEST = -46, HIGHEST = 40; // powers of 10: beyond float32's numbers there is nothing to tell
  const FLOAT16 = 5; // its normal numbers go from 1e-5 to 1e5, almost: the axis shows them in any case
  const { ACTIVATIONS, DTYPES, readDepth, depthContent, depthCode, depthBetween, depthPathText } = window.tensorglass;
  const { svg, explore, reportWith } = window.tensorglassForm;

  // The picture

  const superscript = (power) => `10${[...`${power}`].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;
  const within = (value, low, high) => Math.min(Math.max(value, low), high);

  // Round steps, few enough to be read
  function ticks(low, high, atMost) {
    const step = [1, 2, 5, 10, 20, 50, 100].find((each) => (high - low) / each <= atMost);
    const first = Math.ceil(low / step) * step;
    return Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, i) => first + i * step);
  }

  // Each limit once, with the dtypes that have it
  function limits() {
    const found = new Map();
    for (const [dtype, sizes] of Object.entries(DTYPES)) {
      for (const [limit, size] of Object.entries(sizes)) {
        const name = { largest: "largest", normal: "smallest normal", smallest: "smallest" }[limit];
        const key = `${name} ${Math.round(10 * Math.log10(size))}`;
        found.set(key, { name, log: Math.log10(size), dtypes: [...(found.get(key)?.dtypes ?? []), dtype] });
      }
    }
    return [...found.values()];
  }

  function picture(state, dots, room) {
    const { layers } = state, width = within(room, 270, 720), narrow = width < 480;
    const drawn = [["signal", (each) => Math.sqrt(each.exact), SIGNAL, ""], ["gradient", (each) => Math.sqrt(each.gradient), GRADIENT, "6 4"]];
    const logs = drawn.flatMap(([, of]) => layers.map((each) => within(Math.log10(of(each)), LOWEST, HIGHEST)));
    const low = Math.floor(Math.min(-FLOAT16, ...logs)), high = Math.ceil(Math.max(FLOAT16, ...logs));
    const top = 18 + LINE * (narrow ? 3 : dots.length ? 2 : 1), right = width - RIGHT, bottom = HEIGHT - BOTTOM;
    const x = (layer) => LEFT + (right - LEFT) * (layers.length === 1 ? 0.5 : (layer - 1) / (layers.length - 1));
    const y = (rms) => bottom - (bottom - top) * (Math.log10(rms) - low) / (high - low);
    const isShown = (rms) => Math.log10(rms) >= low && Math.log10(rms) <= high; // what is 0 or infinite is nowhere
    const lines = drawn.map(([, of]) => layers.filter((each) => isShown(of(each))).map((each) => [x(each.layer), y(of(each))]));
    const between = layers.map((each) => [x(each.layer), depthBetween(each)]).filter(([, ends]) => ends?.every(isShown));
    const label = pathLabel(state, dots);
    return svg("svg", { class: "explored-picture", viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": label },
      ...axes({ x, y, low, high, top, bottom, right, layers, narrow }),
      band(between, y),
      ...drawn.flatMap(([name, , color, dashes], which) => [
        path(lines[which], color, dashes),
        ...dots.map((dot) => mark(which, x(dot.layer), y(dot[name]), color)),
      ]),
      ...limitLines({ y, low, high, right, points: lines.flat() }),
      ...legend(drawn, dots, narrow));
  }

  const path = (points, color, dashes) => svg("path", {
    d: points.length && `M${points.map((point) => point.map((each) => each.toFixed(1)).join(" ")).join("L")}`, fill: "none", stroke: color,
    "stroke-width": 2.5, "stroke-linecap": "round", ...(dashes && { "stroke-dasharray": dashes }),
  });

  // Where it was measured: a disc for the signal, a square for the gradient
  const mark = (which, x, y, color) => which
    ? svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8, fill: color })
    : svg("circle", { cx: x, cy: y, r: 4.5, fill: color });

  function band(between, y) {
    const side = (which) => between.map(([at, ends]) => `${at.toFixed(1)} ${y(ends[which]).toFixed(1)}`);
    return svg("polygon", { points: [...side(0), ...side(1).reverse()].join(" "), fill: SIGNAL, opacity: 0.22 });
  }

  function axes({ x, y, low, high, top, bottom, right, layers, narrow }) {
    const powers = ticks(low, high, 9), depth = layers.length;
    const numbers = [1, ...ticks(2, depth, narrow ? 4 : 8).filter((layer) => x(layer) - x(1) > 18)].filter((layer) => layer <= depth);
    const line = (attributes) => svg("line", { stroke: "currentColor", ...attributes });
    return [
      ...powers.flatMap((power) => [
        line({ x1: LEFT - 4, x2: LEFT, y1: y(10 ** power), y2: y(10 ** power) }),
        svg("text", { x: LEFT - 7, y: y(10 ** power) + 4, "text-anchor": "end" }, superscript(power)),
      ]),
      ...numbers.flatMap((layer) => [
        line({ x1: x(layer), x2: x(layer), y1: bottom, y2: bottom + 4 }),
        svg("text", { x: x(layer), y: bottom + 17, "text-anchor": "middle" }, `${layer}`),
      ]),
      line({ x1: LEFT, x2: LEFT, y1: top, y2: bottom }),
      line({ x1: LEFT, x2: right, y1: bottom, y2: bottom }),
      svg("text", { x: (LEFT + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, "layer; root mean square, logarithmic"),
    ];
  }

  // The name of a limit stands where the lines are far; it is left out close to another name.
  function limitLines({ y, low, high, right, points }) {
    const named = [], places = [[LEFT + 5, "start"], [(LEFT + right) / 2, "middle"], [right - 3, "end"]];
    return limits().filter(({ log }) => low < log && log < high).flatMap(({ name, log, dtypes }) => {
      const at = y(10 ** log), isFree = named.every((other) => Math.abs(other - at) > 14);
      const line = svg("line", { x1: LEFT, x2: right, y1: at, y2: at, stroke: "currentColor", opacity: 0.6, "stroke-dasharray": "2 3" });
      if (!isFree) return [line];
      named.push(at);
      const distance = ([place]) => Math.min(...points.map(([x, height]) => Math.hypot((x - place) / 4, height - at)));
      const [x, anchor] = places.reduce((best, place) => (distance(place) > distance(best) ? place : best));
      return [line, svg("text", { x, y: at - 3, "text-anchor": anchor, class: "limit-name" }, `${dtypes.join(", ")}: ${name}`)];
    });
  }

  function legend(drawn, dots, narrow) {
    const items = drawn.map(([name, , color, dashes], i) => {
      const [left, top] = narrow ? [LEFT, 8 + LINE * i] : [LEFT + 170 * i, 8];
      return svg("g", { transform: `translate(${left} ${top})` }, path([[0, 4], [28, 4]], color, dashes),
        ...(dots.length ? [mark(i, 14, 4, color)] : []),
        svg("text", { x: 36, y: 8 }, `${name}, predicted${dots.length && narrow ? "; measured" : ""}`));
    });
    const [left, top] = narrow ? [LEFT, 8 + LINE * 2] : [LEFT + 340, 8];
    const spread = svg("g", { transform: `translate(${left} ${top})` },
      svg("rect", { width: 28, height: 9, fill: SIGNAL, opacity: 0.22 }), svg("text", { x: 36, y: 8 }, "spread over draws"));
    const measured = dots.length && !narrow ? [svg("text", { x: LEFT, y: 16 + LINE }, "Discs and squares were measured when this page was built.")] : [];
    return [...items, spread, ...measured];
  }

  function pathLabel({ layers }, dots) {
    const [first, last] = [dots[0], dots.at(-1)];
    const measured = dots.length ? ` Measured: the signal goes from ${first.signal} to ${last.signal}; the gradient is ${first.gradient} at the first.` : "";
    return depthPathText(layers) + measured;
  }

  // The page's own network: as its report says, and as the output says that lists what was measured of it

  function ownNetwork(report) {
    const [, name, sigmaW, sigmaB] = /^(\S+) with sigma_w (\S+) and sigma_b ([^\s:]+):/.exec(report.querySelector("p").textContent);
    const [activation] = Object.entries(ACTIVATIONS).find(([, each]) => each.name === name);
    const output = [...document.querySelectorAll("pre")].map((each) => each.textContent).find((text) => SIZES.test(text)) ?? "";
    const [, depth = "50", width = "256"] = SIZES.exec(output) ?? [];
    const dots = [...output.matchAll(MEASURED)].map((found) => found.slice(1).map(Number));
    return {
      values: { activation, sigma_w: sigmaW, sigma_b: sigmaB, depth, width },
      dots: dots.map(([layer, , signal, , gradient]) => ({ layer, signal, gradient })),
    };
  }
  const SIZES = /^(\d+) layers of (\d+) units/m, MEASURED = /^ *(\d+) +(\S+) +(\S+) +(\S+) +(\S+) *$/gm;

  const report = reportWith(CAPTION); // one a page
  if (report) {
    const { values, dots } = ownNetwork(report);
    const isOwn = ({ activation, sigmaW, sigmaB, depth, width }) =>
      Object.values(values).join() === [activation, sigmaW, sigmaB, depth, width].join();
    const field = (name, label, more) => ({ name, label, value: values[name], ...more });
    explore({
      report,
      name: "signal",
      hint: HINT,
      fields: [
        field("activation", "Activation", { options: Object.keys(ACTIVATIONS) }),
        field("sigma_w", "sigma_w"),
        field("sigma_b", "sigma_b"),
        field("depth", "Depth"),
        field("width", "Width"),
      ],
      examples: EXAMPLES,
      read: readDepth,
      content(state) {
        const [said, table, ...rest] = depthContent(state);
        const room = report.clientWidth - parseFloat(getComputedStyle(report).paddingLeft) * 2;
        return [said, table, rest[0], picture(state, isOwn(state) ? dots : [], room), ...rest.slice(1)];
      },
      code: depthCode,
    });
  }
})();
