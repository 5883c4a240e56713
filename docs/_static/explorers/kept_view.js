// The reader's own layers: a form above what `saved_for_backward` says of the page's, and a picture of what is kept. What is
// said is decided in kept.js.
"use strict";

(() => {
  const CAPTION = "Saved tensors"; // of the table that `saved_for_backward` writes
  // What such tables were made of. The one whose table stands on the page is what its form begins with.
  const STANDING = [
    ["Linear(784, 512) ReLU Linear(512, 512) ReLU Linear(512, 10)", "(64, 784)", "Adam"],
    ["Linear(2, 8) ReLU Linear(8, 1)", "(64, 2)", "SGD"],
  ];
  const EXAMPLES = {
    "One with dropout, in bfloat16": ["Linear(784, 512) GELU Dropout Linear(512, 10)", "(64, 784) bfloat16", "Adam"],
    "Blocks in 4 segments": ["16 * (Linear(512, 512) ReLU) Linear(512, 10)", "(1024, 512)", "SGD, 4 segments"],
    "Images": ["Conv2d(3, 32, 3, padding=1) BatchNorm2d(32) ReLU(inplace=True) MaxPool2d(2) Flatten Linear(8192, 10)", "(32, 3, 32, 32)", "momentum"],
  };
  const MOST_BARS = 16, ROW = 42, BAR = 14; // pixels
  const NUMBERS = ["bytes", "bytes kept", "parameters", "tensors", "activations", "there before"];
  const { readLayers, readBatch, readTraining, kept, keptContent, keptCode, keptBlocks, bytesText } = window.tensorglass;
  const { element, svg, explore, reportWith } = window.tensorglassForm;

  const values = ([layers, batch, training]) => ({ layers, batch, training });

  function read({ layers, batch, training }) {
    const found = { layers: readLayers(layers), batch: readBatch(batch), training: readTraining(training) };
    for (const [field, each] of Object.entries(found)) if (each.wrong !== undefined) return { ...each, field };
    const told = kept(Object.assign({}, ...Object.values(found)));
    return told.wrong === undefined ? { state: told } : told;
  }

  // A bar for each module that keeps something, in order, its name above it. It is as wide as the page allows.
  function picture({ shares, figures, leaves }) {
    const layer = (path) => leaves.find((each) => each.path === path);
    const named = (module) => (layer(module) ? `${module}, ${layer(module).name}` : module);
    const bars = keptBlocks(shares, MOST_BARS), most = Math.max(...bars.map((each) => each.activations + each.before));
    const share = (bytes) => `${(100 * bytes) / most}%`;
    const rows = bars.flatMap(({ module, activations, before }, i) => {
      const y = i * ROW, place = { y: y + 20, height: BAR };
      return [
        svg("text", { x: 0, y: y + 15 }, `${named(module)}: ${bytesText(activations)}${before ? ` (+ ${bytesText(before)})` : ""}`),
        svg("rect", { ...place, x: 0, width: share(activations), class: "kept-freed" }),
        svg("rect", { ...place, x: share(activations), width: share(before), class: "kept-before", fill: "url(#kept-hatch)" }),
      ];
    });
    const told = bars.map(({ module, activations, before }) =>
      `${module} ${bytesText(activations)} of activations and ${bytesText(before)} that were there before`).join("; ");
    const label = `Bytes kept for the backward pass, by module: ${told}. ${bytesText(figures.kept)} are freed by it.`;
    const hatch = svg("pattern", { id: "kept-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 2, height: 6, fill: "currentColor", "fill-opacity": 0.5 }));
    return element("div", {},
      svg("svg", { class: "kept-bars", role: "img", "aria-label": label, width: "100%", height: bars.length * ROW }, svg("defs", {}, hatch), ...rows),
      element("p", {}, "Filled: activations, which the backward pass frees. Hatched, and in brackets: inputs, parameters and buffers, which were there before."));
  }

  function content(told) {
    const [first, ...rest] = keptContent(told).map((part) => (typeof part === "string" ? part : { ...part, numbers: NUMBERS }));
    const peak = told.highest ? [rest.shift()] : [];
    return [first, ...peak, ...(told.shares.length ? [picture(told)] : []), ...rest];
  }

  const rowsOf = (report) => {
    const found = [...report.querySelectorAll("table")].find((each) => each.caption?.textContent === CAPTION);
    return [...found.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  };
  const rowsSaid = (standing) => keptContent(read(values(standing)).state).find((part) => part.caption === CAPTION).rows;

  const report = reportWith(CAPTION);
  const standing = report && STANDING.find((each) => `${rowsSaid(each)}` === `${rowsOf(report)}`);
  if (standing) {
    const own = values(standing);
    explore({
      report, read, content,
      name: "layers",
      fields: [
        { name: "layers", label: "Your own layers, as you write or print them", value: own.layers, lines: 3 },
        { name: "batch", label: "The batch", value: own.batch },
        { name: "training", label: "Trained with", value: own.training },
      ],
      hint: "Behind the shape may stand bfloat16 or float16. Training is with SGD, momentum or Adam, and may be checkpointed: Adam, 4 segments.",
      examples: Object.entries(EXAMPLES).map(([label, texts]) => ({ label, values: values(texts) })),
      code: keptCode,
    });
  }
})();
