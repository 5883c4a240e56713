// What becomes of a signal and of its gradient in a deep network of wide layers with random weights. It says what
// `signal_propagation`, its method `through` and `critical_sigma_w` of the library say, word by word; the tests compare
// them. No page is touched here: see depth_view.js.
//
// tensorglass.readDepth({activation, sigma_w, sigma_b, depth, width}) -> {state}, or what is wrong; all of them texts
// tensorglass.depthContent(state) -> sentences and tables; tensorglass.depthCode(state) -> a program that measures it
// tensorglass.propagation("tanh", 1.5, 0.1) -> {fixedPoint, slope, chi, correlation, depthScale, ...}
// tensorglass.through("tanh", 1.5, 0.1, 50, 256) -> of each layer {layer, moment, spread, gradient}
// tensorglass.critical("tanh", 0.1) -> {ok, sigmaW, fixedPoint, reason}
"use strict";

(() => {
  // The activations: their names in the library, as code, and each with its derivative. Where there is a kink, at 0, the
  // derivative is autograd's.

  const SELU = [1.0507009873554805, 1.6732632423543772]; // scale and alpha
  const SOFTPLUS_THRESHOLD = 20; // torch's: beyond it, the function is linear
  const logistic = (x) => 1 / (1 + Math.exp(-x));
  const ACTIVATIONS = {
    linear: { name: "Identity", code: "nn.Identity()", f: (x) => x, slope: () => 1 },
    relu: { code: "nn.ReLU()", f: (x) => (x > 0 ? x : 0), slope: (x) => (x > 0 ? 1 : 0) },
    leaky_relu: { code: "nn.LeakyReLU(0.01)", f: (x) => (x > 0 ? x : 0.01 * x), slope: (x) => (x > 0 ? 1 : 0.01) },
    tanh: { code: "nn.Tanh()", f: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 },
    sigmoid: { code: "nn.Sigmoid()", f: logistic, slope: (x) => logistic(x) * (1 - logistic(x)) },
    gelu: { code: "nn.GELU()", f: (x) => x * below(x), slope: (x) => below(x) + x * density(x) },
    silu: { code: "nn.SiLU()", f: (x) => x * logistic(x), slope: (x) => logistic(x) * (1 + x * (1 - logistic(x))) },
    selu: {
      code: "nn.SELU()",
      f: (x) => SELU[0] * (x > 0 ? x : SELU[1] * Math.expm1(x)),
      slope: (x) => SELU[0] * (x > 0 ? 1 : SELU[1] * Math.exp(x)),
    },
    elu: { code: "nn.ELU()", f: (x) => (x > 0 ? x : Math.expm1(x)), slope: (x) => (x > 0 ? 1 : Math.exp(x)) },
    softplus: {
      code: "nn.Softplus()",
      f: (x) => (x > SOFTPLUS_THRESHOLD ? x : Math.log1p(Math.exp(x))),
      slope: (x) => (x > SOFTPLUS_THRESHOLD ? 1 : logistic(x)),
    },
  };
  for (const [key, activation] of Object.entries(ACTIVATIONS)) activation.name ??= key;

  const density = (z) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);

  // The probability that a standard normal number is below x, to 12 digits after the point: a table of it (by Marsaglia's
  // series, 2004), and from the nearest entry Taylor's series, as it is asked for by the million.
  const counted = (length, of) => Array.from({ length }, (_, i) => of(i));
  const PER_UNIT = 256, FAR_OUT = 8.5;
  const DENSITY = Float64Array.from(counted(2 * FAR_OUT * PER_UNIT + 1, (i) => density(i / PER_UNIT - FAR_OUT)));
  const BELOW = Float64Array.from(DENSITY, (height, i) => {
    const x = i / PER_UNIT - FAR_OUT;
    let sum = x, term = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += (term *= x * x / k);
    return 0.5 + sum * height;
  });

  function below(x) {
    if (!(Math.abs(x) < FAR_OUT)) return x > 0 ? 1 : 0;
    const i = Math.round((x + FAR_OUT) * PER_UNIT), at = i / PER_UNIT - FAR_OUT, h = x - at;
    return BELOW[i] + DENSITY[i] * h * (1 - h / 2 * (at - h / 3 * (at * at - 1)));
  }

  // Expectations over a standard normal z. Panels close to 0 are ever narrower, so that what happens there is seen at any
  // scale, also a kink.

  const NODES = 12; // of Gauss-Lobatto quadrature on each panel
  const HALVINGS = 40, REACH = 10;

  function gaussLobatto() {
    const degree = NODES - 1;
    return counted(NODES, (i) => {
      let x = -Math.cos(Math.PI * i / degree), legendre;
      for (let step = 0; step < 20; step += 1) { // Newton's, from Chebyshev's nodes
        let before = 1;
        legendre = x;
        for (let k = 2; k <= degree; k += 1) {
          [before, legendre] = [legendre, ((2 * k - 1) * x * legendre - (k - 1) * before) / k];
        }
        x -= (x * legendre - before) / (NODES * legendre);
      }
      return [x, 2 / (degree * NODES * legendre ** 2)];
    });
  }

  // Places and weights, among them the density, on panels between these edges.
  function grid(edges) {
    const rule = gaussLobatto(), places = [];
    for (let i = 0; i + 1 < edges.length; i += 1) {
      const middle = (edges[i] + edges[i + 1]) / 2, half = (edges[i + 1] - edges[i]) / 2;
      for (const [x, weight] of rule) {
        const z = middle + half * x;
        places.push([z, half * weight * density(z)]);
      }
    }
    return { z: Float64Array.from(places, ([z]) => z), weight: Float64Array.from(places, ([, weight]) => weight) };
  }

  const edges = [0, ...counted(HALVINGS, (i) => 2 ** (i - HALVINGS)), ...counted(REACH, (i) => i + 1)];
  const LINE = grid([...edges.slice(1).map((edge) => -edge).reverse(), ...edges]);
  const SQUARE = grid(counted(33, (i) => i / 2 - 8)); // of two variables, on each axis; the library's

  function squaresExpected(of) { // E[of(z)^2] and E[of(z)^4]
    let second = 0, fourth = 0;
    for (let i = 0; i < LINE.z.length; i += 1) {
      const value = of(LINE.z[i]), square = value * value;
      second += LINE.weight[i] * square;
      fourth += LINE.weight[i] * square * square;
    }
    return [second, fourth];
  }

  // The variance map, and what it tells: see variance_map.py

  const LARGEST = 1e8, SMALLEST = 1e-8; // second moments beyond these count as infinite, and as zero
  const FACTOR = 1.19, STEPS = 107, BISECTIONS = 60;
  const EQUAL = 1e-9, SLOPE_STEP = 1e-4;
  const nearestFinite = (q) => Math.min(Math.max(q, SMALLEST), LARGEST);

  class VarianceMap {
    #moments = new Map(); // a path that has settled asks again and again
    #slopes = new Map();

    constructor(activation, sigmaW, sigmaB) {
      Object.assign(this, ACTIVATIONS[activation], { sigmaW, sigmaB });
    }

    following(q) {
      return this.sigmaW ** 2 * this.moment(q) + this.sigmaB ** 2;
    }

    moment(q, power = 2) { // E[f(sqrt(q) z)^power]
      const root = Math.sqrt(q), { f } = this;
      return kept(this.#moments, q, () => squaresExpected((z) => f(root * z)))[power / 2 - 1];
    }

    chi(q) {
      const root = Math.sqrt(q), { slope } = this;
      return this.sigmaW ** 2 * kept(this.#slopes, q, () => squaresExpected((z) => slope(root * z)))[0];
    }

    slopeAt(at) {
      const q = Math.max(at, SMALLEST), step = SLOPE_STEP * q;
      return (this.following(q + step) - this.following(q - step)) / (2 * step);
    }

    fixedPoint() { // where the second moment settles that begins at 1
      const direction = this.#direction(1);
      if (!direction) return 1;
      for (let k = 0; k + 1 < STEPS; k += 1) {
        const [q, next] = [FACTOR ** (direction * k), FACTOR ** (direction * (k + 1))];
        if (this.#direction(next) === -direction) {
          return bisected((value) => this.following(value) - value, Math.min(q, next), Math.max(q, next));
        }
      }
      return direction > 0 ? Infinity : 0;
    }

    #direction(q) {
      const change = this.following(q) - q;
      return Math.abs(change) <= EQUAL * q ? 0 : Math.sign(change);
    }
  }

  function kept(known, key, make) {
    if (!known.has(key)) known.set(key, make());
    return known.get(key);
  }

  function bisected(of, low, high) {
    const rising = of(high) > 0;
    for (let i = 0; i < BISECTIONS; i += 1) {
      const middle = (low + high) / 2;
      if ((of(middle) > 0) === rising) high = middle;
      else low = middle;
    }
    return (low + high) / 2;
  }

  // The correlation of two inputs: see correlation_map.py. Each look at it takes milliseconds, so its fixed point is sought
  // along straight lines (the rule of Illinois) and not by halves.

  const NEARLY_ONE = 0.99999, ROUNDING = 1e-12, AT_ONE = 1e-6, STRAIGHT_LINES = 60;

  function settledCorrelation(map, q) {
    const following = map.following(q), root = Math.sqrt(q), { z, weight } = SQUARE;
    const product = (of, correlation) => { // E[of(u) of(v)]
      const own = Math.sqrt(Math.max(1 - correlation ** 2, 0)) * root;
      let sum = 0;
      for (let i = 0; i < z.length; i += 1) {
        const shared = correlation * root * z[i];
        let inner = 0;
        for (let k = 0; k < z.length; k += 1) inner += weight[k] * of(shared + own * z[k]);
        sum += weight[i] * of(root * z[i]) * inner;
      }
      return sum;
    };
    const next = (correlation) => (map.sigmaW ** 2 * product(map.f, correlation) + map.sigmaB ** 2) / following;
    const slope = (correlation) => map.sigmaW ** 2 * q * product(map.slope, correlation) / following;

    if (following === 0) return [1, 0]; // nothing passes, of any input
    const slopeAtOne = map.chi(q) * q / following;
    if (slopeAtOne <= 1 + AT_ONE) return [1, slopeAtOne]; // inputs become alike
    const atZero = next(0);
    if (atZero <= ROUNDING) return [0, slope(0)]; // an odd activation without biases: they become independent
    const atHigh = next(NEARLY_ONE) - NEARLY_ONE;
    if (atHigh >= 0) return [1, 1]; // too close to 1 to be told from it
    const settled = straight((correlation) => next(correlation) - correlation, [0, atZero], [NEARLY_ONE, atHigh]);
    return [settled, slope(settled)];
  }

  function straight(of, [low, below], [high, above]) {
    for (let i = 0, last = 0; i < STRAIGHT_LINES && high - low > 1e-13; i += 1) {
      const middle = (low * above - high * below) / (above - below), value = of(middle);
      if (value === 0) return middle;
      const side = Math.sign(value) === Math.sign(below) ? -1 : 1;
      if (Math.min(middle - low, high - middle) < 1e-14) return middle;
      if (side < 0) {
        [low, below] = [middle, value];
        if (last === side) above /= 2;
      } else {
        [high, above] = [middle, value];
        if (last === side) below /= 2;
      }
      last = side;
    }
    return (low + high) / 2;
  }

  // What `signal_propagation` returns

  function propagation(activation, sigmaW, sigmaB) {
    const map = new VarianceMap(activation, sigmaW, sigmaB);
    const fixedPoint = map.fixedPoint(), q = nearestFinite(fixedPoint);
    const [correlation, slope] = settledCorrelation(map, q);
    const depthScale = Math.abs(slope - 1) <= AT_ONE ? Infinity : -1 / Math.log(slope);
    const told = { name: map.name, sigmaW, sigmaB, fixedPoint, slope: map.slopeAt(q), chi: map.chi(q) };
    Object.assign(told, { correlation, depthScale });
    told.stable = told.slope <= 1 + AT_ONE;
    told.phase = Math.abs(told.chi - 1) <= AT_ONE ? "critical" : told.chi < 1 ? "ordered" : "chaotic";
    told.verdict = fixedPoint === 0 ? "signals vanish" : fixedPoint === Infinity ? "signals explode" :
      `${told.phase}, ${told.stable ? "stable" : "unstable"}`;
    return told;
  }

  // What its method `through` returns, for inputs with the second moment 1. `exact` goes on where the library says infinite,
  // as float32's largest number is a little further.

  const OVERFLOW = 1e75, FAR = 1e80;

  function through(activation, sigmaW, sigmaB, depth, width) {
    const map = new VarianceMap(activation, sigmaW, sigmaB);
    const exact = [sigmaW ** 2 + sigmaB ** 2], gradients = [1];
    while (exact.length < depth) exact.push(exact.at(-1) < FAR ? map.following(exact.at(-1)) : Infinity);
    const moments = exact.map((moment, i) => (i && exact[i - 1] >= OVERFLOW ? Infinity : moment));
    for (const q of moments.slice(0, -1).reverse()) gradients.unshift(gradients[0] * map.chi(Math.min(q, OVERFLOW)));
    const spreads = spreadsOf(map, moments, width);
    return moments.map((moment, i) =>
      ({ layer: i + 1, moment, exact: exact[i], spread: spreads[i], gradient: gradients[i] }));
  }

  // From one draw of the weights to the next
  function spreadsOf(map, moments, width) {
    const spreads = [0];
    for (const q of moments.slice(0, -1)) {
      const spread = spreads.at(-1);
      spreads.push(Number.isFinite(spread) ? nextSpread(map, q, spread, width) : spread);
    }
    return spreads;
  }

  function nextSpread(map, q, spread, width) {
    const points = twoPoints(q, spread);
    if (points.some(([at]) => at > OVERFLOW)) return Infinity;
    const mapped = points.map(([at, share]) => [map.following(at), share]);
    const mean = total(mapped, (value) => value);
    const handedOn = total(mapped, (value) => (value - mean) ** 2);
    const ofSquares = total(points, (at) => map.moment(at, 4) - map.moment(at) ** 2);
    return Math.sqrt(handedOn + map.sigmaW ** 4 * ofSquares / width);
  }

  const total = (points, of) => points.reduce((sum, [at, share]) => sum + share * of(at), 0);

  function twoPoints(mean, spread) { // with this mean and this spread, and none below 0
    if (spread === 0) return [[mean, 1]];
    const above = 1 / (1 + (1 + spread / mean) ** 2);
    return [[mean / (1 + spread / mean), 1 - above], [mean + spread + spread ** 2 / mean, above]];
  }

  // What `critical_sigma_w` returns: see critical_point.py

  const AT_ZERO = 1e-6, BESIDE = 1.01, BESIDE_ZERO = 1e-4, MOMENTS = 107;

  function critical(activation, sigmaB) {
    const map = new VarianceMap(activation, 1, sigmaB), { name } = map;
    const none = (reason) => ({ ok: false, name, sigmaB, sigmaW: null, fixedPoint: null, reason });
    const sigmaWAt = (q) => 1 / Math.sqrt(map.chi(q));
    const growth = (q) => map.moment(q) / (map.chi(q) * q);
    const excess = (q) => growth(q) + sigmaB ** 2 / q - 1;
    if ([SMALLEST, 1, LARGEST].every((q) => Math.abs(growth(q) - 1) <= EQUAL)) {
      if (sigmaB) return none(`where chi is 1, each layer adds sigma_b^2 = ${number(sigmaB ** 2)} to the second moment`);
      const sigmaW = sigmaWAt(LARGEST);
      return { ok: true, name, sigmaB, sigmaW, fixedPoint: null, reason: "every second moment is kept" };
    }
    const candidates = fixedPointsWithChi1(excess, sigmaB);
    for (const q of candidates) {
      const sigmaW = sigmaWAt(Math.max(q, SMALLEST)), beside = Math.max(BESIDE * q, BESIDE_ZERO);
      const stays = new VarianceMap(activation, sigmaW, sigmaB).following(beside) <= beside * (1 + EQUAL);
      if (stays) return { ok: true, name, sigmaB, sigmaW, fixedPoint: q, reason: "" };
    }
    return none(candidates.length ? "signals leave the fixed point where chi is 1" : "chi is 1 at no fixed point");
  }

  function fixedPointsWithChi1(excess, sigmaB) {
    const searched = counted(MOMENTS, (i) => 10 ** (-8 + 16 * i / (MOMENTS - 1))), excesses = searched.map(excess);
    const found = sigmaB === 0 && Math.abs(excess(SMALLEST)) <= AT_ZERO ? [0] : [];
    for (let i = 0; i + 1 < MOMENTS; i += 1) {
      if ((excesses[i] > 0) !== (excesses[i + 1] > 0)) {
        found.push(bisected(excess, searched[i], searched[i + 1]));
      }
    }
    return found;
  }

  const gain = (activation) => 1 / Math.sqrt(new VarianceMap(activation, 1, 0).moment(1));

  // Words, as the library writes them

  // A number with four digits, as Python's format ".4g" writes it: of two equally close, the one with the even digit.
  function number(value, digits = 4) {
    if (value < 0) return `-${number(-value, digits)}`;
    if (value === 0 || value === Infinity) return value ? "inf" : "0";
    const [mantissa, exponent] = rounded(value, digits).split("e");
    const power = Number(exponent), figures = mantissa.replace(".", "").replace(/(?<=\d)0+$/, "");
    if (power < -4 || power >= digits) {
      const text = figures.length > 1 ? `${figures[0]}.${figures.slice(1)}` : figures;
      return `${text}e${power < 0 ? "-" : "+"}${`${Math.abs(power)}`.padStart(2, "0")}`;
    }
    if (power < 0) return `0.${"0".repeat(-power - 1)}${figures}`;
    const whole = figures.padEnd(power + 1, "0");
    return whole.length > power + 1 ? `${whole.slice(0, power + 1)}.${whole.slice(power + 1)}` : whole;
  }

  function rounded(value, digits) {
    const text = value.toExponential(digits - 1), exact = value.toExponential(60).split("e")[0].replace(".", "");
    const isTie = /^50*$/.test(exact.slice(digits)), isOdd = Number(exact[digits - 1]) % 2;
    return isTie && !isOdd ? `${exact[0]}.${exact.slice(1, digits)}e${text.split("e")[1]}` : text;
  }

  function propagationContent(told) {
    return [
      `${told.name} with sigma_w ${number(told.sigmaW)} and sigma_b ${number(told.sigmaB)}: ${told.verdict}`,
      {
        caption: "Signal propagation",
        header: ["quantity", "value"],
        rows: [
          ["second moment settles at", number(told.fixedPoint)],
          ["slope of the variance map there", number(told.slope)],
          ["chi, the factor of gradients", number(told.chi)],
          ["correlation of two inputs settles at", number(told.correlation)],
          ["depth scale, in layers", number(told.depthScale)],
        ],
        numbers: ["value"],
      },
    ];
  }

  function criticalText({ name, sigmaB, sigmaW, fixedPoint, reason }) {
    const at = `${name} with sigma_b ${number(sigmaB)}`;
    if (sigmaW === null) return `${at} has no critical point: ${reason}`;
    const settles = fixedPoint === null ? "" : `, where the second moment settles at ${number(fixedPoint)}`;
    return `${at} is critical at sigma_w ${sigmaW.toFixed(4)}${settles}${reason ? ` (${reason})` : ""}`;
  }

  // What somebody types

  const SIGMA_W_MOST = 20, SIGMA_B_MOST = 10; // further out, the grid for two variables has too few places
  const DEPTH_MOST = 500, WIDTH_MOST = 100000;

  function readDepth({ activation, sigma_w: weights, sigma_b: biases, depth, width }) {
    if (!ACTIVATIONS[activation]) {
      return { wrong: `Choose an activation: ${Object.keys(ACTIVATIONS).join(", ")}.`, field: "activation" };
    }
    const sigmaB = readSize("sigma_b", biases, SIGMA_B_MOST, {});
    if (sigmaB.wrong) return sigmaB;
    const found = kept(CRITICAL, `${activation} ${sigmaB.value}`, () => critical(activation, sigmaB.value));
    const sigmaW = readSize("sigma_w", weights, SIGMA_W_MOST, { gain: () => gain(activation), critical: () => found.sigmaW });
    if (sigmaW.value === null) return { wrong: `${criticalText(found)}.`, field: "sigma_w", at: sigmaW.at };
    const layers = readCount("depth", depth, DEPTH_MOST), units = readCount("width", width, WIDTH_MOST);
    const bad = [sigmaW, layers, units].find((each) => each.wrong);
    if (bad) return bad;
    const numbers = [activation, sigmaW.value, sigmaB.value];
    return {
      state: {
        activation, sigmaW: sigmaW.value, sigmaB: sigmaB.value, depth: layers.value, width: units.value, critical: found,
        texts: { sigma_w: weights.trim(), sigma_b: biases.trim() },
        told: propagation(...numbers), layers: through(...numbers, layers.value, units.value),
      },
    };
  }

  const CRITICAL = new Map(); // it takes longest, and does not change with the weights

  // A number of 0 or more, as a product or quotient of numbers, of roots, and of what has a name here. Where a name
  // stands for none, the value is null.
  function readSize(field, text, most, names) {
    const words = ["a number of 0 or more", "sqrt(2)", ...Object.keys(names)];
    const expected = `expected ${words.join(", ")}, or a product or quotient of these`;
    if (!text.trim()) return { wrong: `${field} is empty; ${expected}.`, field };
    const tokens = [...text.matchAll(/(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[a-z]+|\S/giu)];
    const { value, failed } = valueOf(tokens, names);
    if (failed !== undefined) {
      const token = tokens[failed], came = token ? `“${token[0]}” came in ${field}` : `${field} ends early`;
      return { wrong: `${came}; ${expected}.`, field, at: token?.index ?? text.trimEnd().length };
    }
    if (value === null) return { value, at: tokens.find(([name]) => Object.hasOwn(names, name)).index };
    if (!(value <= most)) return { wrong: `${field} is ${number(value)}; expected ${most} at most.`, field };
    return { value };
  }

  // The value of a product or quotient, or the token that fits nowhere
  function valueOf(tokens, names) {
    let next = 0, known = true;
    const take = (...texts) => texts.includes(tokens[next]?.[0]) && tokens[next++][0];
    function product() {
      let value = factor();
      for (let operator = take("*", "/"); operator; operator = take("*", "/")) {
        value = operator === "*" ? value * factor() : value / factor();
      }
      return value;
    }
    function factor() {
      const text = tokens[next]?.[0] ?? "";
      if (take("sqrt", "√")) return Math.sqrt(text === "√" ? factor() : inBrackets());
      if (!/^[\d.]*\d/.test(text) && !Object.hasOwn(names, text)) throw next;
      next += 1;
      if (!Object.hasOwn(names, text)) return Number(text);
      const value = names[text]();
      known &&= value !== null;
      return value;
    }
    function inBrackets() {
      if (!take("(")) throw next;
      const value = product();
      if (!take(")")) throw next;
      return value;
    }
    try {
      const value = product();
      return next < tokens.length ? { failed: next } : { value: known ? value : null };
    } catch (failed) { // the number of a token
      return { failed };
    }
  }

  function readCount(field, text, most) {
    const expected = `a whole number from 1 to ${most}`;
    if (!text.trim()) return { wrong: `${field} is empty; expected ${expected}.`, field };
    const at = text.trimEnd().search(/[^\d\s]|(?<=\d)\s/);
    if (at >= 0) return { wrong: `“${text[at]}” came in ${field}; expected ${expected}.`, field, at };
    const value = Number(text);
    return value >= 1 && value <= most ? { value } : { wrong: `${field} is ${text.trim()}; expected ${expected}.`, field };
  }

  // What is said of a network, in the library's words and then in others

  const DTYPES = {
    float16: { largest: 65504, normal: 2 ** -14, smallest: 2 ** -24 },
    bfloat16: { largest: (2 - 2 ** -7) * 2 ** 127, normal: 2 ** -126, smallest: 2 ** -133 },
    float32: { largest: (2 - 2 ** -23) * 2 ** 127, normal: 2 ** -126, smallest: 2 ** -149 },
  };
  const ENORMOUS = 1000, MUCH = 10; // factors
  const ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

  const signalOf = ({ exact }) => Math.sqrt(exact);
  const gradientOf = ({ gradient }) => Math.sqrt(gradient);

  function depthContent({ told, critical: found, layers, depth, width }) {
    return [
      ...propagationContent(told),
      fateText(layers),
      ...depthScaleText(told.depthScale, depth),
      `${criticalText(found)}.`,
      ...limitsContent(layers),
      layersTable(layers),
      "Predicted for layers of infinite width with independent, normally distributed weights, and inputs with the mean " +
        "square 1. Normalization, residual connections, attention and dropout are not in it. Finite width adds the " +
        `spread: while it is small, about two of three draws of the weights lie in it, with ${width} units a layer. Vanish ` +
        `and explode mean: by a factor of more than ${ENORMOUS}; within ${MUCH}, a signal keeps its size.`,
    ];
  }

  // What becomes of a size that goes from one to another
  function fate(from, to) {
    const factor = to / from;
    if (from === 0 || factor < 1 / ENORMOUS) return "vanishes";
    if (factor > ENORMOUS) return "explodes";
    return factor > MUCH ? "grows" : factor < 1 / MUCH ? "shrinks" : "keeps its size";
  }

  function fateText(layers) {
    const [signal, end, gradient] = [signalOf(layers[0]), signalOf(layers.at(-1)), gradientOf(layers[0])];
    return `Through ${manyLayers(layers.length)} the signal ${fate(signal, end)}: its rms goes from ${number(signal, 3)} to ` +
      `${number(end, 3)}. The gradient ${fate(1, gradient)} on its way back: its rms goes from 1 at the last layer to ` +
      `${number(gradient, 3)} at the first.`;
  }

  function depthScaleText(scale, depth) {
    if (scale === Infinity) return [];
    const [more, six] = [depth > 6 * scale ? "more" : "no more", number(6 * scale, 3)];
    return [`${manyLayers(depth)} ${depth === 1 ? "is" : "are"} ${more} than six depth scales (${six} layers); networks much ` +
      "deeper than that are hard to train (Schoenholz et al., 2017)."];
  }

  const manyLayers = (count) => (count === 1 ? "1 layer" : `${count} layers`);

  // In which layers a dtype cannot hold the sizes
  function limitsContent(layers) {
    const rows = limitsOf(layers).map(({ dtype, limit, size, happens, signal, gradient }) =>
      [`${dtype}, ${limit} ${number(size, 5)}: ${happens}`, rangeText(signal), rangeText(gradient)]);
    if (!rows.length) return [`Both stay within what ${Object.keys(DTYPES).join(", ").replace(/, (?!.*,)/, " and ")} hold.`];
    const header = ["limit", "rms of the signal", "rms of the gradient"];
    return [{ caption: "Beyond a dtype's range, in which layers", header, rows }];
  }

  function limitsOf(layers) {
    const found = [];
    for (const [dtype, { largest, normal, smallest }] of Object.entries(DTYPES)) {
      const beyond = {
        "largest": [largest, "inf", (size) => size > largest * (1 + EQUAL)],
        "smallest normal": [normal, "digits are lost", (size) => size < normal * (1 - EQUAL)],
        "smallest": [smallest, "zeros", (size) => size < smallest * (1 - EQUAL)],
      };
      for (const [limit, [size, happens, isBeyond]] of Object.entries(beyond)) {
        const [signal, gradient] = [signalOf, gradientOf].map((of) => layers.filter((each) => isBeyond(of(each))));
        if (signal.length || gradient.length) found.push({ dtype, limit, size, happens, signal, gradient });
      }
    }
    return found;
  }

  function rangeText(layers) {
    if (!layers.length) return "none";
    const [first, last] = [layers[0].layer, layers.at(-1).layer];
    return first === last ? `${first}` : `${first} to ${last}`;
  }

  function layersTable(layers) {
    const shown = layers.filter(({ layer }) => ROWS.includes(layer) || layer === layers.length);
    const some = shown.length < layers.length ? `, ${shown.length} of ${layers.length} layers` : "";
    return {
      caption: `Predicted root mean squares${some}`,
      header: ["layer", "signal", "spread", "gradient"],
      rows: shown.map((each) => [`${each.layer}`, number(signalOf(each)), spreadText(each), number(gradientOf(each))]),
      numbers: ["layer", "signal", "gradient"],
    };
  }

  // From where to where the root mean square goes; as far down as up, on a logarithmic axis
  function between({ exact, moment, spread }) {
    const factor = Math.sqrt(1 + spread / moment), rms = Math.sqrt(exact);
    return Number.isFinite(factor) && Number.isFinite(rms) ? [rms / factor, rms * factor] : null;
  }

  function spreadText(layer) {
    const ends = between(layer)?.map((end) => number(end, 3));
    return !ends ? "" : ends[0] === ends[1] ? "none" : `${ends[0]} to ${ends[1]}`;
  }

  function pathText(layers) {
    const [first, last] = [layers[0], layers.at(-1)];
    return `Root mean squares over ${layers.length} layers, on a logarithmic axis. The predicted signal goes from ` +
      `${number(signalOf(first), 3)} to ${number(signalOf(last), 3)}; the predicted gradient, relative to the last layer, ` +
      `is ${number(gradientOf(first), 3)} at the first.`;
  }

  // A program that measures what was predicted

  function depthCode({ activation, sigmaW, sigmaB, depth, width, texts }) {
    const assigned = (name, value) => {
      const text = texts[name];
      return `${name} = ${value}${Number(text) === value ? "" : `  # ${text}`}`;
    };
    return `import torch
from torch import nn

torch.manual_seed(0)
depth, width, batch = ${depth}, ${width}, 64
${assigned("sigma_w", sigmaW)}
${assigned("sigma_b", sigmaB)}
activation = ${ACTIVATIONS[activation].code}
dtype = torch.float32  # or torch.float16, torch.bfloat16

layers = [nn.Linear(width, width, dtype=dtype) for _ in range(depth)]
for layer in layers:
    nn.init.normal_(layer.weight, std=sigma_w / width**0.5)
    nn.init.normal_(layer.bias, std=sigma_b)

signal, signals = torch.randn(batch, width, dtype=dtype), []
for layer in layers:
    signals.append(layer(signal))
    signals[-1].retain_grad()
    signal = activation(signals[-1])
signals[-1].backward(torch.randn_like(signals[-1]))


def rms(tensor):
    return tensor.double().square().mean().sqrt().item()


print("layer      signal    gradient")
for number, signal in enumerate(signals, start=1):
    print(f"{number:5} {rms(signal):11.4g} {rms(signal.grad):11.4g}")
`;
  }

  globalThis.tensorglass = {
    ...globalThis.tensorglass, readDepth, depthContent, depthCode, depthLimits: limitsOf, depthBetween: between,
    depthPathText: pathText, DTYPES, ACTIVATIONS, propagation, through, critical, gain, propagationContent, criticalText,
    numberText: number,
  };
})();
