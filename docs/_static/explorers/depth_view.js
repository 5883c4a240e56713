// The reader's own deep network: a form, and a picture of its signal and gradient. What is said is decided in depth.js.
"use strict";

(() => {
  const CAPTION = "Signal propagation"; // of the table that the library writes
  const HINT = "sigma_w is the weights' standard deviation times √width, sigma_b that of the biases. Both take numbers, " +
    "roots such as sqrt(2), and products; sigma_w also takes gain and critical, of the activation. Depth counts layers, " +
    "width units.";
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
  const { ACTIVATIONS, DTYPES, readDepth, depthContent, depthCode } = window.tensorglass;
  const { depthBetween, depthPathText, numberText } = window.tensorglass;
  const { svg, explore, reportWith } = window.tensorglassForm;

  // The picture

  const LINES = [
    { name: "signal", rms: (layer) => Math.sqrt(layer.exact), color: SIGNAL, dashes: "" },
    { name: "gradient", rms: (layer) => Math.sqrt(layer.gradient), color: GRADIENT, dashes: "6 4" },
  ];
  const raised = (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)];
  const powerText = (power) => `10${[...`${power}`].map(raised).join("")}`;
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

  function picture(layers, dots, room) {
    const width = within(room, 270, 720), place = placesOf(layers, dots, width), { x, y, isShown } = place;
    const label = { role: "img", "aria-label": pictureText(layers, dots) };
    const paths = LINES.map(({ rms }) =>
      layers.filter((each) => isShown(rms(each))).map((each) => [x(each.layer), y(rms(each))]));
    const drawn = LINES.flatMap(({ name, color, dashes }, which) => [
      path(paths[which], color, dashes),
      ...dots.map((dot) => mark(which, x(dot.layer), y(dot[name]), color)),
    ]);
    return svg("svg", { class: "explored-picture", viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, ...label },
      ...axes(layers.length, place), band(layers, place), ...drawn, ...limitLines(paths.flat(), place),
      ...legend(dots, place.narrow));
  }

  // Where what stands. What is 0 or infinite is nowhere.
  function placesOf(layers, dots, width) {
    const narrow = width < 480, right = width - RIGHT, bottom = HEIGHT - BOTTOM;
    const top = 18 + LINE * (narrow ? 3 : dots.length ? 2 : 1);
    const logs = LINES.flatMap(({ rms }) => layers.map((each) => within(Math.log10(rms(each)), LOWEST, HIGHEST)));
    const low = Math.floor(Math.min(-FLOAT16, ...logs)), high = Math.ceil(Math.max(FLOAT16, ...logs));
    return {
      narrow, right, bottom, top, low, high,
      x: (layer) => LEFT + (right - LEFT) * (layers.length === 1 ? 0.5 : (layer - 1) / (layers.length - 1)),
      y: (rms) => bottom - (bottom - top) * (Math.log10(rms) - low) / (high - low),
      isShown: (rms) => Math.log10(rms) >= low && Math.log10(rms) <= high,
    };
  }

  const path = (points, color, dashes) => svg("path", {
    d: points.map((point, i) => `${i ? "L" : "M"}${point.map((each) => each.toFixed(1)).join(" ")}`).join(""),
    fill: "none", stroke: color, "stroke-width": 2.5, ...(dashes && { "stroke-dasharray": dashes }),
  });

  // Where it was measured: a disc for the signal, a square for the gradient
  const mark = (which, x, y, color) => which
    ? svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8, fill: color })
    : svg("circle", { cx: x, cy: y, r: 4.5, fill: color });

  function band(layers, { x, y, isShown }) {
    const ends = layers.map((each) => [x(each.layer), depthBetween(each)]).filter(([, range]) => range?.every(isShown));
    const side = (which) => ends.map(([at, range]) => `${at.toFixed(1)} ${y(range[which]).toFixed(1)}`);
    return svg("polygon", { points: [...side(0), ...side(1).reverse()].join(" "), fill: SIGNAL, opacity: 0.22 });
  }

  function axes(depth, { x, y, low, high, top, bottom, right, narrow }) {
    const line = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, stroke: "currentColor" });
    const text = (at, height, anchor, said) => svg("text", { x: at, y: height, "text-anchor": anchor }, said);
    const numbers = [1, ...ticks(2, Math.max(depth, 2), narrow ? 4 : 8).filter((layer) => x(layer) - x(1) > 18)];
    return [
      line(LEFT, top, LEFT, bottom),
      ...ticks(low, high, 9).flatMap((power) => {
        const at = y(10 ** power);
        return [line(LEFT - 4, at, LEFT, at), text(LEFT - 7, at + 4, "end", powerText(power))];
      }),
      line(LEFT, bottom, right, bottom),
      ...numbers.filter((layer) => layer <= depth).flatMap((layer) =>
        [line(x(layer), bottom, x(layer), bottom + 4), text(x(layer), bottom + 17, "middle", `${layer}`)]),
      text((LEFT + right) / 2, HEIGHT - 6, "middle", "layer; root mean square, logarithmic"),
    ];
  }

  // The name of a limit stands where the lines are far; it is left out close to another name.
  function limitLines(points, { y, low, high, right }) {
    const named = [], places = [[LEFT + 5, "start"], [(LEFT + right) / 2, "middle"], [right - 3, "end"]];
    return limits().filter(({ log }) => low < log && log < high).flatMap(({ name, log, dtypes }) => {
      const at = y(10 ** log), isFree = named.every((other) => Math.abs(other - at) > 14);
      const dotted = { stroke: "currentColor", opacity: 0.6, "stroke-dasharray": "2 3" };
      const line = svg("line", { x1: LEFT, x2: right, y1: at, y2: at, ...dotted });
      if (!isFree) return [line];
      named.push(at);
      const distance = ([place]) => Math.min(...points.map(([x, height]) => Math.hypot((x - place) / 4, height - at)));
      const [x, anchor] = places.reduce((best, place) => (distance(place) > distance(best) ? place : best));
      const text = `${dtypes.join(", ")}: ${name}`;
      return [line, svg("text", { x, y: at - 3, "text-anchor": anchor, class: "limit-name" }, text)];
    });
  }

  function legend(dots, narrow) {
    const item = (i, sample, text) => {
      const [left, top] = narrow ? [LEFT, 8 + LINE * i] : [LEFT + 170 * i, 8];
      return svg("g", { transform: `translate(${left} ${top})` }, ...sample, svg("text", { x: 36, y: 8 }, text));
    };
    const lines = LINES.map(({ name, color, dashes }, i) => {
      const sample = [path([[0, 4], [28, 4]], color, dashes), ...(dots.length ? [mark(i, 14, 4, color)] : [])];
      return item(i, sample, `${name}, predicted${dots.length && narrow ? "; measured" : ""}`);
    });
    const spread = item(2, [svg("rect", { width: 28, height: 9, fill: SIGNAL, opacity: 0.22 })], "spread over draws");
    const measured = svg("text", { x: LEFT, y: 16 + LINE }, "Discs and squares were measured when this page was built.");
    return [...lines, spread, ...(dots.length && !narrow ? [measured] : [])];
  }

  function pictureText(layers, dots) {
    if (!dots.length) return depthPathText(layers);
    const [first, last, gradient] = [dots[0].signal, dots.at(-1).signal, dots[0].gradient].map((size) => numberText(size));
    return `${depthPathText(layers)} Measured signals go from ${first} to ${last}. The measured gradient is ${gradient}.`;
  }

  // The page's own network: as its report says, and as the output says that lists what was measured of it

  function ownNetwork(report) {
    const said = report.querySelector("p").textContent;
    const [, name, sigmaW, sigmaB] = /^(\S+) with sigma_w (\S+) and sigma_b ([^\s:]+):/.exec(said);
    const [activation] = Object.entries(ACTIVATIONS).find(([, each]) => each.name === name);
    const outputs = [...document.querySelectorAll("pre")].map((each) => each.textContent);
    const output = outputs.find((text) => SIZES.test(text)) ?? "";
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
        return [said, table, rest[0], picture(state.layers, isOwn(state) ? dots : [], room), ...rest.slice(1)];
      },
      code: depthCode,
    });
  }
})();
