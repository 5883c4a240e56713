// What a stack of layers keeps for its backward pass, and what a step of training takes. The rules are in kept_rules.js,
// which the build finds by running each layer: see docs/_ext/page/kept_rules.py. What is said here is what
// `saved_for_backward` of the library says, word by word; the peak is that of `track_memory`, estimated. The tests compare.
// No page is touched here: see kept_view.js.
//
// tensorglass.readLayers("Linear(784, 512) ReLU") -> {model} or {wrong, at}
// tensorglass.kept({model, shape: [64, 784], dtype: "float32", segments: 1, optimizer: "Adam"}) -> what is told, or {wrong, at}
"use strict";

(() => {
  const { rules: RULES, bytes: SIZES, state: RANDOM_STATE, torch: TORCH } = window.tensorglassKept;
  const ROWS_SHOWN = 40; // as the library's tables
  const MOST_LAYERS = 300;
  const OPTIMIZERS = { SGD: 0, momentum: 1, Adam: 2 }; // how many tensors like its parameters each keeps

  // What may be given to a layer: `name` must be given, `name=` may be, `name:value` may be given with this value alone, and
  // of `name~` anything is taken, since it does not change what is kept.
  const LAYERS = {
    Linear: "in_features out_features bias=True",
    Conv2d: "in_channels out_channels kernel_size stride=1 padding=0 dilation:1 groups:1 bias=True padding_mode~",
    ReLU: "inplace=False",
    LeakyReLU: "negative_slope~ inplace=False",
    GELU: "approximate~",
    SiLU: "inplace=False",
    Tanh: "",
    Sigmoid: "",
    Softplus: "beta~ threshold~",
    ELU: "alpha~ inplace=False",
    Dropout: "p=0.5 inplace=False",
    BatchNorm1d: "num_features eps~ momentum~ affine:True track_running_stats:True bias:True",
    BatchNorm2d: "num_features eps~ momentum~ affine:True track_running_stats:True bias:True",
    LayerNorm: "normalized_shape eps~ elementwise_affine:True bias:True",
    MaxPool2d: "kernel_size stride= padding=0 dilation:1 return_indices:False ceil_mode:False",
    Flatten: "start_dim:1 end_dim:-1",
  };
  const BY_NAME = new Map(Object.keys(LAYERS).map((name) => [name.toLowerCase(), name]));
  const PAIRS = ["kernel_size", "stride", "padding"];

  class Wrong extends Error {
    constructor(wrong, at, field = "layers") {
      super(wrong);
      Object.assign(this, { wrong, at, field });
    }
  }

  function orWrong(tell) {
    try {
      return tell();
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      return { wrong: error.wrong, at: error.at, field: error.field };
    }
  }

  // Layers as people write and print them: `8 * (Linear(512, 512) ReLU)`, `nn.Sequential(...)`, what `print(model)` shows.

  class Reader {
    constructor(text) {
      this.text = text;
      this.at = 0;
      this.count = 0;
    }

    next(pattern) { // takes what stands here, if the pattern finds it
      pattern.lastIndex = this.at;
      const found = pattern.exec(this.text);
      if (found) this.at = pattern.lastIndex;
      return found;
    }

    need(pattern, expected) {
      const here = this.text[this.at];
      return this.next(pattern) ?? this.fail(`${here === undefined ? "The text ends" : `“${here}” stands`} where ${expected} was expected.`);
    }

    fail(sentence, at = this.at) {
      throw new Wrong(sentence, at);
    }

    model() {
      const items = this.items();
      if (this.at < this.text.length) this.fail("“)” stands where nothing is open.");
      if (!items.length) this.fail("Write layers such as Linear(784, 512) ReLU Linear(512, 10).");
      return items.length === 1 && items[0].inside && items[0].times === undefined ? items[0].inside : items;
    }

    items() {
      const found = [];
      for (;;) {
        this.next(/(?:[\s,;|→]|->|\(\w+\):)*/y);
        if (this.at === this.text.length || this.text[this.at] === ")") return found;
        found.push(this.item());
      }
    }

    item() {
      const start = this.at, counted = this.next(/(\d+)\s*[*x×]\s*/y), times = counted && Number(counted[1]);
      if (counted && !(times >= 1 && times <= MOST_LAYERS)) this.fail(`${times} times came; from 1 to ${MOST_LAYERS} are taken here.`, start);
      const before = this.count;
      const item = this.next(/(?:(?:torch\.)?nn\.)?Sequential\s*\(|\(/iy) ? this.block() : this.layer();
      this.count = before + (this.count - before) * (times ?? 1);
      if (this.count > MOST_LAYERS) this.fail(`More than ${MOST_LAYERS} layers came; at most so many are taken here.`, start);
      return counted ? { ...item, times } : item;
    }

    block() {
      const start = this.at - 1, inside = this.items();
      this.need(/\)/y, "“)”");
      if (!inside.length) this.fail("There is no layer in these brackets.", start);
      return { inside };
    }

    layer() {
      const at = this.at, found = this.need(/(?:(?:torch\.)?nn\.)?([a-z]\w*)/iy, "a layer");
      const name = BY_NAME.get(found[1].toLowerCase());
      if (!name) this.fail(`“${found[1]}” is no layer that is known here; known are ${Object.keys(LAYERS).join(", ")}.`, at);
      this.count += 1;
      const given = this.next(/\(\s*|\s+\(\s*(?=[-\d]|\w+\s*=|True|False)/y) ? this.arguments() : []; // or a block follows
      return { name, at, label: `${name}${given.length ? `(${given.map(({ text }) => text).join(", ")})` : ""}`, ...this.bound(name, given, at) };
    }

    arguments() {
      const given = [];
      while (!this.next(/\)/y)) {
        if (given.length) this.need(/,\s*/y, "“,” or “)”");
        const start = this.at, key = this.next(/([a-z]\w*)\s*=\s*/iy)?.[1];
        const found = this.need(/\(\s*(\d+)(?:\s*,\s*(\d+)?)?\s*\)|-?\d[\d.]*(?:e-?\d+)?|True|False|None|'\w+'|"\w+"/iy, "a number, a pair, True or False");
        const value = found[1] === undefined ? found[0] : found.slice(1).filter(Boolean);
        given.push({ key, value, start, text: this.text.slice(start, this.at).trim() });
        this.next(/\s+/y);
      }
      return given;
    }

    bound(name, given, at) {
      const takes = LAYERS[name].split(" ").filter(Boolean).map((each) => /(\w+)(\W?)(.*)/.exec(each));
      const values = {};
      for (const [, key, how, usual] of takes) if (how === "=") values[key] = valueOf(key, usual || "None");
      given.forEach(({ key, value, start }, i) => {
        const taken = key ? takes.find((each) => each[1] === key) : takes[i];
        if (!taken) this.fail(`${name} takes ${key ? `no ${key}` : `no ${i + 1} arguments`}.`, start);
        const [, named, how, usual] = taken;
        if (how === ":" && `${value}` !== usual) this.fail(`${name} is known here with ${named}=${usual} alone.`, start);
        if (!how || how === "=") values[named] = valueOf(named, value) ?? this.fail(`${named} of ${name} cannot be ${value}.`, start);
      });
      const missing = takes.filter(([, key, how]) => !how && values[key] === undefined).map((each) => each[1]);
      if (missing.length) this.fail(`${name} needs ${missing.join(" and ")}.`, at);
      return { values };
    }
  }

  // undefined where it cannot be: sizes are whole numbers from 1 on, a padding from 0 on, and some are pairs of these
  function valueOf(key, given) {
    const text = `${given}`;
    if (key === "bias" || key === "inplace") return { True: true, False: false }[text];
    if (key === "p") return text >= 0 && text <= 1 ? Number(text) : undefined;
    if (key === "stride" && text === "None") return null;
    const least = key === "padding" ? 0 : 1;
    const sizes = (Array.isArray(given) ? given : [text]).map((size) => (/^\d+$/.test(size) ? Number(size) : NaN));
    if (!sizes.every((size) => size >= least && size < 2 ** 31)) return undefined;
    if (PAIRS.includes(key)) return sizes.length === 1 ? [sizes[0], sizes[0]] : sizes;
    return sizes.length === 1 ? sizes[0] : undefined;
  }

  // The batch: `(64, 784)` or `(64, 784) bfloat16`
  function readBatch(text) {
    const found = /^\s*(?:[\w.]*\()?[[(]?\s*(\d+(?:\s*[,x×]\s*\d+)+)\s*,?\s*[\])]*[\s,]*(?:torch\.)?(\w*)\s*$/.exec(text);
    const usual = "a batch has the shape (examples, ...), for instance (64, 784), and behind it bfloat16 or float16 where it is not float32.";
    if (!found) return { wrong: text.trim() ? `“${text.trim()}” cannot be read: ${usual}` : `No shape came; ${usual}` };
    const shape = found[1].match(/\d+/g).map(Number), dtype = found[2] || "float32";
    if (!RULES[dtype]) return { wrong: `“${dtype}” is not known here; known are ${Object.keys(RULES).join(", ")}.`, at: text.lastIndexOf(dtype) };
    if (!shape.every((size) => size >= 1 && size < 2 ** 31)) return { wrong: `${shapeText(shape)} came; sizes are whole numbers from 1 on.` };
    return { shape, dtype };
  }

  // How it is trained: `Adam`, `SGD, 4 segments`
  function readTraining(text) {
    const told = { optimizer: "SGD", segments: 1 };
    for (const { 0: word, 1: count, index: at } of text.matchAll(/(\d+)\s*segments?|[^\s,]+/gi)) {
      if (/^(with|and|in)$/i.test(word)) continue;
      const optimizer = Object.keys(OPTIMIZERS).find((each) => each.toLowerCase() === word.toLowerCase());
      if (!optimizer && !(count >= 1)) {
        return { wrong: `“${word}” came; expected SGD, momentum or Adam, and a number of segments such as 4 segments.`, at };
      }
      Object.assign(told, optimizer ? { optimizer } : { segments: Number(count) });
    }
    return told;
  }

  // Each layer and block by itself, as it is called.
  function spread(items, dtype) {
    return items.flatMap((item) => Array.from({ length: item.times ?? 1 }, () =>
      item.inside ? { name: "Sequential", inside: spread(item.inside, dtype) } : { ...item, dtype }));
  }

  const leavesOf = (modules) => modules.flatMap((each) => (each.inside ? leavesOf(each.inside) : [each]));

  // As the library names them: from the outermost module that is called. In segments each part is called by itself.
  function named(modules, segmented) {
    const seen = {};
    const paths = (module, path) => {
      module.path = path;
      module.inside?.forEach((each, i) => paths(each, `${path}.${i}`));
    };
    modules.forEach((module, i) => {
      seen[module.name] = (seen[module.name] ?? 0) + 1;
      const root = seen[module.name] === 1 ? module.name : `${module.name} (${seen[module.name]})`;
      paths(module, segmented ? root : `Sequential.${i}`);
    });
  }

  // Shapes: what comes out, or what torch says. Those that are not named leave the shape as it is.

  const SHAPES = {
    Linear(shape, { in_features: taken, out_features: made }, wrong) {
      const size = shape[shape.length - 1];
      if (size !== taken) wrong(`mat1 and mat2 shapes cannot be multiplied (${product(shape) / size}x${size} and ${taken}x${made})`);
      return [...shape.slice(0, -1), made];
    },

    Conv2d(shape, values, wrong) {
      const { in_channels: taken, out_channels: made, kernel_size: kernel, padding } = values;
      checkImages(shape, wrong, `Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [${shape.join(", ")}]`);
      if (shape[1] !== taken) {
        wrong(`Given groups=1, weight of size [${[made, taken, ...kernel].join(", ")}], expected input[${shape.join(", ")}] ` +
          `to have ${taken} channels, but got ${shape[1]} channels instead`);
      }
      const padded = [0, 1].map((i) => shape[2 + i] + 2 * padding[i]);
      if (padded.some((size, i) => size < kernel[i])) {
        wrong(`Calculated padded input size per channel: (${padded.join(" x ")}). Kernel size: (${kernel.join(" x ")}). ` +
          "Kernel size can't be greater than actual input size");
      }
      return [shape[0], made, ...slid(shape, values, values.stride)];
    },

    MaxPool2d(shape, values, wrong) {
      const { kernel_size: kernel, padding } = values;
      checkImages(shape, wrong, "non-empty 3D or 4D (batch mode) tensor expected for input");
      const wide = [0, 1].find((i) => padding[i] > kernel[i] / 2);
      if (wide !== undefined) {
        wrong(`pad should be at most half of effective kernel size, but got pad=${padding[wide]}, kernel_size=${kernel[wide]} and dilation=1`);
      }
      const made = slid(shape, values, values.stride ?? kernel), size = (sizes) => [shape[1], ...sizes].join("x");
      if (Math.min(...made) < 1) {
        wrong(`Given input size: (${size(shape.slice(2))}). Calculated output size: (${size(made)}). Output size is too small`);
      }
      return [...shape.slice(0, 2), ...made];
    },

    BatchNorm1d: (shape, values, wrong) => normalized(shape, values, wrong, [2, 3]),
    BatchNorm2d: (shape, values, wrong) => normalized(shape, values, wrong, [4]),

    LayerNorm(shape, { normalized_shape: size }, wrong) {
      if (shape[shape.length - 1] === size) return shape;
      return wrong(`Given normalized_shape=[${size}], expected input with shape [*, ${size}], but got input of size[${shape.join(", ")}]`);
    },

    Flatten: (shape) => [shape[0], product(shape.slice(1))],
  };

  function checkImages(shape, wrong, said) {
    if (shape.length === 3) wrong(`the input has the shape ${shapeText(shape)}; expected here (examples, channels, height, width)`);
    if (shape.length !== 4) wrong(said);
  }

  function normalized(shape, { num_features: channels }, wrong, axes) {
    if (!axes.includes(shape.length)) wrong(`expected ${axes.map((each) => `${each}D`).join(" or ")} input (got ${shape.length}D input)`);
    if (product(shape) === shape[1]) wrong(`Expected more than 1 value per channel when training, got input size torch.Size([${shape.join(", ")}])`);
    if (shape[1] !== channels) wrong(`running_mean should contain ${shape[1]} elements not ${channels}`);
    return shape;
  }

  const slid = (shape, { kernel_size: kernel, padding }, stride) =>
    [0, 1].map((i) => Math.floor((shape[2 + i] + 2 * padding[i] - kernel[i]) / stride[i]) + 1);

  // What the first layer does not take is the batch, and of the others the layer.
  function outputOf({ name, values, label, at }, shape, isFirst) {
    const wrong = (said) => { throw isFirst ? new Wrong(`${label}: ${said}`, undefined, "batch") : new Wrong(`${label}: ${said}`, at); };
    return SHAPES[name] ? SHAPES[name](shape, values, wrong) : shape;
  }

  function weightsOf({ name, values }) {
    const { in_features, out_features, in_channels, out_channels, kernel_size, num_features, normalized_shape } = values;
    const bias = (size) => (values.bias ? [["bias", [size]]] : []);
    if (name === "Linear") return [["weight", [out_features, in_features]], ...bias(out_features)];
    if (name === "Conv2d") return [["weight", [out_channels, in_channels, ...kernel_size]], ...bias(out_channels)];
    const size = num_features ?? normalized_shape;
    return size ? [["weight", [size]], ["bias", [size]]] : [];
  }

  const buffersOf = ({ values: { num_features } }) =>
    num_features ? [["running_mean", [num_features]], ["running_var", [num_features]]] : [];

  // The rule of a layer, by the name that docs/_ext/page/kept_rules.py gives it
  function ruleOf({ name, values, dtype }, shape, gradient) {
    const words = [name];
    if (values.bias === false) words.push("without bias");
    if (name === "Linear" && shape.length > 2) words.push("of more axes");
    if (name === "Flatten" && shape.length === 2) words.push("of rows");
    if (values.p === 0) words.push("of none");
    if (values.p === 1) words.push("of all");
    if (values.inplace) words.push("in place");
    const [saved, flags] = RULES[dtype][[...words, ...(gradient ? [] : ["on data"])].join(" ")];
    const [all] = RULES[dtype][words.join(" ")]; // what is made for keeping is made in any case
    return { saved, all, ...Object.fromEntries(["shares", "changes", "view"].map((flag) => [flag, flags.split(" ").includes(flag)])) };
  }

  const keptShape = (name, given, made, own) => ({
    none: [], channels: given.slice(1, 2), "one a row": [...given.slice(0, -1), 1], input: given, output: made,
    rows: [product(given.slice(0, -1)), given[given.length - 1]],
  })[name] ?? (name.endsWith(" transposed") ? [...own].reverse() : own);

  // What runs: of each layer its input and output, the storages they lie in, and what it keeps

  const storage = (bytes, kind) => ({ bytes, kind, changers: [], keeper: null });

  function run(leaves, shape, dtype) {
    let tensor = { shape, gradient: false, view: false, storage: storage(bytesOf(shape, dtype), "input") };
    for (const leaf of leaves) {
      const given = tensor, rule = ruleOf(leaf, given.shape, given.gradient);
      leaf.weights = weightsOf(leaf);
      const made = outputOf(leaf, given.shape, leaf === leaves[0]);
      if (rule.changes && given.view && given.gradient) {
        throw new Wrong(`${leaf.label} would change in place what ${given.by} returns, which is a view; what is kept of that cannot be seen. ` +
          "Leave inplace away.", leaf.at);
      }
      tensor = {
        shape: made, by: leaf.label, gradient: given.gradient || leaf.weights.length > 0,
        view: rule.view || (rule.shares && given.view), storage: rule.shares ? given.storage : storage(bytesOf(made, dtype), "activation"),
      };
      if (rule.changes) tensor.storage.changers.push(leaf);
      Object.assign(leaf, { given, made: tensor, rule });
      leaf.saved = savedBy(leaf);
      // Masks and indices are made where nobody needs them, too; a copy of the input is not.
      const hidden = rule.all.filter(([place, , , role]) => place === "made" && (given.gradient || role !== "intermediate"));
      leaf.hidden = hidden.map(([, how, of]) => bytesOf(keptShape(how, given.shape, made), of));
    }
    return tensor;
  }

  function savedBy(leaf) {
    const { given, made, weights, dtype } = leaf, places = { input: given, output: made };
    for (const [kind, each] of [["parameter", weights], ["buffer", buffersOf(leaf)]]) {
      for (const [name, own] of each) places[name] = { own, storage: storage(bytesOf(own, dtype), kind) };
    }
    return leaf.rule.saved.map(([place, how, of, role, operation, node, field]) => {
      const shape = keptShape(how, given.shape, made.shape, places[place]?.own);
      const kept = places[place]?.storage ?? storage(bytesOf(shape, of), place === "number" ? "number" : "activation");
      return { place, shape, dtype: of, role, operation, by: `${node}.${field}`, storage: kept, changes: kept.changers.length };
    });
  }

  // A backward pass through a tensor that was changed in place raises; where it is computed again, it may be wrong.
  function checkChanges(parts) {
    for (const { leaves, again } of parts) {
      const first = leaves[0].given.storage;
      for (const leaf of leaves) {
        if (again && leaf.rule.changes && leaf.made.storage === first) {
          throw new Wrong(`${leaf.label} would change in place the input of its segment, from which that is computed again. Leave inplace away.`, leaf.at);
        }
        for (const { role, storage, changes } of leaf.saved) {
          const changer = storage.changers.slice(changes).find((each) => leaves.includes(each));
          if (changer) {
            throw new Wrong(`${changer.label} would change in place the ${role} that ${leaf.label} keeps, and the backward pass would fail. ` +
              "Leave inplace away.", changer.at);
          }
        }
      }
    }
  }

  // As `checkpoint_sequential` cuts a model: the rest goes to the last segment, which is kept whole.
  function segmentsOf(modules, segments) {
    const size = Math.floor(modules.length / segments);
    return Array.from({ length: segments }, (_, i) => {
      const inside = modules.slice(i * size, i + 1 < segments ? (i + 1) * size : undefined);
      const leaves = leavesOf(inside), again = i + 1 < segments;
      const saving = leaves.filter((leaf) => leaf.saved?.length);
      return { inside, leaves, again, last: saving[saving.length - 1] };
    });
  }

  // What the graph holds after the forward pass, in the order in which it was saved. A storage counts where it comes first.
  function graphOf(parts) {
    const tensors = [], met = new Set();
    const keep = (leaf, each) => {
      const shared = met.has(each.storage);
      met.add(each.storage);
      if (!shared) each.storage.keeper = leaf;
      tensors.push({ ...each, leaf, shared });
    };
    for (const { leaves, again } of parts) {
      const from = leaves[0].given;
      let open = again;
      for (const leaf of leaves) {
        if (!again) for (const each of leaf.saved) keep(leaf, each);
        if (open && leaf.saved.length) {
          open = false;
          const checkpoint = { operation: "checkpoint", by: "" };
          keep(leaf, { ...checkpoint, role: "input", place: "segment", shape: from.shape, dtype: leaf.dtype, storage: from.storage });
          const state = { bytes: RANDOM_STATE, kind: "activation" };
          keep(leaf, { ...checkpoint, role: "random state", place: "state", shape: [RANDOM_STATE], dtype: "uint8", storage: state });
        }
      }
    }
    return tensors;
  }

  // A step of training, allocation by allocation

  class Memory {
    constructor(there) {
      this.live = there;
      this.highest = {};
    }

    begin(phase) {
      this.now = this.highest[phase] = { phase, bytes: this.live, at: "" };
    }

    take(bytes, at) {
      this.live += bytes;
      if (this.live > this.now.bytes) Object.assign(this.now, { bytes: this.live, at });
      return { bytes, holds: 1 };
    }

    hold(piece) {
      piece.holds += 1;
      return piece;
    }

    drop(piece) {
      piece.holds -= 1;
      if (!piece.holds) this.live -= piece.bytes;
    }

    passing(bytes, at) {
      this.drop(this.take(bytes, at));
    }

    // Modules one after the other. The input is held by the caller, and by a variable until the next is there. What comes
    // out is held for the caller; nothing does where the computation stops early.
    forward(modules, piece, keeps, stop) {
      this.hold(piece);
      for (const module of modules) {
        const made = module.inside ? this.forward(module.inside, piece, keeps, stop) : this.layer(module, piece, keeps, stop);
        this.drop(piece);
        if (!made) return null;
        piece = made;
      }
      return piece;
    }

    layer(leaf, given, keeps, stop) {
      const { path, rule } = leaf, hidden = leaf.hidden.map((bytes) => this.take(bytes, path));
      const stops = leaf === stop && endsEarly(leaf);
      const made = stops ? null : rule.shares ? this.hold(given) : this.take(leaf.made.storage.bytes, path);
      if (!stops) this.passing(workspace(leaf), path);
      if (keeps) {
        const own = [...hidden];
        const piece = (place) => ({ input: given, output: made, made: place === "made" && own.shift() })[place];
        leaf.held = leaf.saved.map(({ place }) => piece(place)).filter(Boolean).map((each) => this.hold(each));
      }
      for (const each of hidden) this.drop(each);
      if (leaf === stop && made) this.drop(made);
      return leaf === stop ? null : made;
    }

    backward(parts, gradient, pieces) {
      for (const part of [...parts].reverse()) {
        for (const leaf of [...part.leaves].reverse()) {
          if (part.again && leaf === part.last) {
            const state = this.take(RANDOM_STATE, leaf.path);
            this.forward(part.inside, pieces.get(part)[0], true, part.last);
            this.drop(state);
          }
          if (!leaf.made.gradient) return;
          if (!isNode(leaf)) continue;
          const { path } = leaf, further = leaf.given.gradient ? this.take(bytesOf(leaf.given.shape, leaf.dtype), path) : null;
          this.take(weightBytes(leaf), path);
          this.passing(backwardWorkspace(leaf), path);
          for (const each of leaf.held ?? []) this.drop(each);
          this.drop(gradient);
          if (!further) return;
          gradient = further;
        }
        for (const piece of pieces.get(part) ?? []) this.drop(piece);
      }
    }
  }

  const weightBytes = ({ weights, dtype }) => sum(weights.map(([, own]) => bytesOf(own, dtype)));
  const isNode = ({ saved, weights }) => saved.length > 0 || weights.length > 0; // a view's gradient is a view
  const endsEarly = ({ saved }) => !saved.some(({ by }) => by.includes(".result")); // all is kept before its output is there

  // Inside the kernels of a convolution inputs and outputs are laid out anew. How, depends on the machine.
  const isSpread = ({ name, values }) => name === "Conv2d" && Math.max(...values.kernel_size) > 1;
  const workspace = (leaf) => (isSpread(leaf) ? leaf.made.storage.bytes : 0);
  const backwardWorkspace = (leaf) => {
    const input = bytesOf(leaf.given.shape, leaf.dtype);
    if (leaf.name.startsWith("BatchNorm")) return leaf.given.gradient ? input : 0;
    if (leaf.name === "LayerNorm") return weightBytes(leaf);
    return isSpread(leaf) ? input + leaf.made.storage.bytes : 0;
  };

  function stepOf(told) {
    const { modules, parts, leaves, dtype, optimizer, output, figures } = told, size = SIZES[dtype];
    const memory = new Memory(figures.parameters + figures.buffers + figures.state + figures.batch);
    memory.begin("forward");
    let piece = { bytes: 0, holds: 1 }; // the batch, which is there anyway
    const pieces = new Map();
    for (const part of parts) {
      const state = part.again && memory.take(RANDOM_STATE, part.leaves[0].path);
      const made = memory.forward(part.inside, piece, !part.again);
      if (part.again && part.last) pieces.set(part, [memory.hold(piece), state]);
      else if (part.again) memory.drop(state);
      memory.drop(piece);
      piece = made;
    }
    memory.take(size, "the loss");
    memory.drop(piece);
    memory.begin("backward");
    const first = memory.take(size, "the loss"), gradient = memory.take(bytesOf(output.shape, dtype), "the loss");
    memory.backward(parts, gradient, pieces);
    memory.drop(first);
    memory.live = figures.parameters + figures.buffers + figures.state + figures.batch + figures.gradients + size;
    memory.begin("optimizer");
    const each = leaves.flatMap(({ weights, path }) => weights.map(([, own]) => [bytesOf(own, dtype), path]));
    // Adam makes two tensors like the parameter on its way, while that of the parameter before is still there.
    if (optimizer === "Adam") each.forEach(([bytes, path], i) => memory.passing(2 * bytes + (each[i - 1]?.[0] ?? 0), path));
    return memory.highest;
  }

  function kept({ model, shape, dtype = "float32", segments = 1, optimizer = "SGD" }) {
    return orWrong(() => {
      const modules = spread(model, dtype), leaves = leavesOf(modules);
      if (segments > modules.length) {
        throw new Wrong(`${segments} segments came, and the model has ${counted(modules.length, "part")}; there are at most as many segments.`, 0, "training");
      }
      named(modules, segments > 1);
      const output = run(leaves, shape, dtype), parts = segmentsOf(modules, segments);
      checkChanges(parts);
      const told = { model, modules, leaves, parts, shape, dtype, segments, optimizer, output, tensors: graphOf(parts) };
      told.figures = figuresOf(told);
      if (!(sum(Object.values(told.figures)) < 2 ** 50)) throw new Wrong("This takes more than a PiB; sizes are too large.");
      told.shares = sharesOf(told.tensors);
      told.again = againOf(parts);
      told.highest = output.gradient ? stepOf(told) : null;
      told.peak = told.highest && Object.values(told.highest).reduce((most, each) => (each.bytes > most.bytes ? each : most));
      return told;
    });
  }

  function figuresOf({ leaves, tensors, shape, dtype, optimizer }) {
    const kept = (kind) => sum(tensors.filter((each) => !each.shared && each.storage.kind === kind).map((each) => each.storage.bytes));
    const count = sum(leaves.map(({ weights }) => weights.length)), parameters = sum(leaves.map(weightBytes));
    const buffers = sum(leaves.map((leaf) => sum(buffersOf(leaf).map(([, own]) => bytesOf(own, dtype))) + (leaf.values.num_features ? 8 : 0)));
    return {
      kept: kept("activation"), inputs: kept("input"), keptParameters: kept("parameter"), keptBuffers: kept("buffer"),
      batch: bytesOf(shape, dtype), parameters, buffers, gradients: parameters,
      state: OPTIMIZERS[optimizer] * parameters + (optimizer === "Adam" ? 4 * count : 0), // Adam counts its steps, in float32
    };
  }

  function againOf(parts) {
    const work = (leaf) => {
      if (leaf.name !== "Linear" && leaf.name !== "Conv2d") return 0;
      return product(leaf.made.shape) * product(leaf.weights[0][1].slice(1));
    };
    const again = parts.flatMap(({ leaves, again, last }) => {
      if (!again || !last) return [];
      return leaves.slice(0, leaves.indexOf(last) + (endsEarly(last) ? 0 : 1));
    });
    return { layers: again.length, work: sum(again.map(work)), all: sum(parts.flatMap(({ leaves }) => leaves).map(work)) };
  }

  function sharesOf(tensors) {
    const shares = new Map();
    for (const { leaf, storage, shared } of tensors) {
      const share = shares.get(leaf.path) ?? { module: leaf.path, tensors: 0, activations: 0, before: 0 };
      share.tensors += 1;
      if (!shared) share[storage.kind === "activation" ? "activations" : "before"] += storage.bytes;
      shares.set(leaf.path, share);
    }
    return [...shares.values()];
  }

  // The blocks that modules lie in, cut as deep as leaves no more than so many of them.
  function byBlock(shares, most = ROWS_SHOWN) {
    const names = shares.map(({ module }) => module.split("."));
    let blocks = new Map();
    for (let depth = Math.max(...names.map((each) => each.length)); depth > 0; depth -= 1) {
      blocks = new Map();
      shares.forEach((share, i) => {
        const module = names[i].slice(0, depth).join("."), sofar = blocks.get(module) ?? { module, tensors: 0, activations: 0, before: 0 };
        blocks.set(module, {
          module, tensors: sofar.tensors + share.tensors, activations: sofar.activations + share.activations, before: sofar.before + share.before,
        });
      });
      if (blocks.size <= most) break;
    }
    return [...blocks.values()];
  }

  // What is said: sentences, and tables of {caption, header, rows}

  function content(told) {
    const { tensors, segments, highest } = told;
    const parts = [summary(told)];
    if (highest) parts.push(peakSentence(told));
    if (segments > 1 && highest) parts.push(againSentence(told));
    parts.push(shortened(layersTable(told)));
    if (highest) parts.push(stepTable(told));
    if (tensors.length) parts.push(...(tensors.length <= ROWS_SHOWN ? [tensorsTable(tensors)] : sharesTables(told.shares)));
    if (tensors.some(({ operation }) => operation === "checkpoint")) parts.push(CHECKPOINTED);
    parts.push(highest ? SCOPE : "No layer has parameters, so nothing is trained.");
    return parts;
  }

  const CHECKPOINTED =
    "Checkpointed: what such a region computes is not kept, but it is computed and kept again while the backward pass " +
    "runs, a region at a time. One checkpoint around everything leaves the peak of a step as it was; track_memory() " +
    "measures it.";
  const SCOPE =
    `This holds in eager mode and in training mode, with the kernels of the CPU and optimizers that are not fused, as torch ${TORCH} has them. ` +
    "The bytes are exact, but for the highest, which are estimated: workspaces of kernels are as the machine allows. With convolutions, and with " +
    "few channels or in float16 above all, it may be far more.";

  function summary({ tensors, figures }) {
    if (!tensors.length) return "nothing is kept for the backward pass";
    const freed = tensors.filter(({ shared, storage }) => !shared && storage.kind === "activation").length;
    const others = [["inputs", figures.inputs], ["parameters", figures.keptParameters], ["buffers", figures.keptBuffers]];
    const before = others.filter(([, bytes]) => bytes).map(([name, bytes]) => `${name} ${bytesText(bytes)}`).join(", ");
    const said = `kept for the backward pass: ${bytesText(figures.kept)} in ${counted(freed, "activation")}`;
    return before ? `${said}; referred to, but there before: ${before}` : said;
  }

  const PHASES = { forward: "the forward pass", backward: "the backward pass", optimizer: "the optimizer's step" };

  function peakSentence({ peak, optimizer, leaves }) {
    const leaf = leaves.find(({ path }) => path === peak.at);
    const where = peak.at ? `at ${peak.at}${leaf ? `, ${leaf.label}` : ""}` : "as it begins";
    return `Estimated peak of a step of training with ${optimizer}: ${bytesText(peak.bytes)}, in ${PHASES[peak.phase]}, ${where}.`;
  }

  function againSentence({ segments, again, leaves }) {
    const share = again.all ? `, ${Math.round((100 * again.work) / again.all)} % of the multiplications of a forward pass` : "";
    return `In ${segments} segments, ${again.layers} of ${counted(leaves.length, "layer")} are computed again in the backward pass${share}.`;
  }

  function layersTable({ leaves, tensors, shares }) {
    const rows = leaves.map((leaf) => {
      const words = tensors.filter((each) => each.leaf === leaf).map(keptWords).filter(Boolean);
      const share = shares.find(({ module }) => module === leaf.path);
      const count = sum(leaf.weights.map(([, own]) => product(own)));
      return [leaf.path, leaf.label, shapeText(leaf.made.shape), [...new Set(words)].join(", ") || "nothing",
        grouped(share?.activations ?? 0), grouped(count)];
    });
    return { caption: "What each layer keeps", header: ["module", "layer", "output", "keeps", "bytes kept", "parameters"], rows };
  }

  function keptWords({ place, role, storage, shared, leaf }) {
    if (storage.kind === "parameter" || storage.kind === "buffer") return "";
    if (place === "state") return "a random state";
    if (place === "number") return "a number";
    if (place === "made") return { mask: "a mask", indices: "indices", statistics: "statistics" }[role] ?? "a copy of its input";
    const what = place === "output" ? "its output" : place === "segment" ? "the input of its segment" : "its input";
    if (storage.kind === "input") return `${what}, in the batch's memory`;
    return shared && storage.keeper !== leaf ? `${what}, which ${storage.keeper.path} keeps` : what;
  }

  function stepTable({ figures, highest, peak, optimizer }) {
    const row = (name, bytes, note) => [name, grouped(bytes), note];
    return {
      caption: `Bytes of a step of training with ${optimizer}`,
      header: ["what", "bytes", "when"],
      rows: [
        row("parameters", figures.parameters, "always"),
        ...(figures.buffers ? [row("buffers", figures.buffers, "always")] : []),
        row("optimizer state", figures.state, "always, from the first step on"),
        row("the batch", figures.batch, "in the step"),
        row("activations kept", figures.kept, "until backward has used them"),
        row("gradients", figures.gradients, "from backward to the end of the step"),
        ...Object.values(highest).map((each) =>
          row(`highest in ${PHASES[each.phase]}`, each.bytes, each === peak ? "estimated; the peak" : "estimated")),
      ],
    };
  }

  function tensorsTable(tensors) {
    const rows = tensors.map(({ leaf, operation, role, storage, shape, dtype, shared, by }) => [
      leaf.path, operation, role, storage.kind, shapeText(shape), dtype, shared ? "same memory" : grouped(storage.bytes), by,
    ]);
    return { caption: "Saved tensors", header: ["module", "operation", "role", "kind", "shape", "dtype", "bytes", "kept by"], rows };
  }

  function sharesTables(shares) {
    const table = (caption, first, rows) => ({
      caption, header: [first, "tensors", "activations", "there before"],
      rows: rows.map((each) => [each.module, grouped(each.tensors), grouped(each.activations), grouped(each.before)]),
    });
    if (shares.length <= ROWS_SHOWN) return [table("Saved bytes by module", "module", shares)];
    const blocks = byBlock(shares), largest = [...shares].sort((a, b) => b.activations - a.activations || b.before - a.before);
    return [
      ...(blocks.length > 1 ? [shortened(table("Saved bytes by block, in order", "block", blocks))] : []),
      shortened(table("Saved bytes by module", "module", largest), "largest"),
    ];
  }

  function shortened(table, which = "first") {
    const { caption, rows } = table;
    if (rows.length <= ROWS_SHOWN) return table;
    return { ...table, caption: `${caption}, the ${which} ${ROWS_SHOWN} of ${rows.length}`, rows: rows.slice(0, ROWS_SHOWN) };
  }

  // A program that prints the same

  function code({ model, shape, dtype, segments, optimizer, highest }) {
    const call = segments > 1 ? `checkpoint_sequential(model, ${segments}, batch, use_reentrant=False)` : "model(batch)";
    const saved = segments > 1 ? `checkpoint_sequential, model, ${segments}, batch, use_reentrant=False` : "model, batch";
    const optimizers = { SGD: "SGD(model.parameters(), lr=0.01)", momentum: "SGD(model.parameters(), lr=0.01, momentum=0.9)", Adam: "Adam(model.parameters())" };
    const lines = ["import torch", `from tensorglass import saved_for_backward${highest ? ", track_memory" : ""}`, "from torch import nn"];
    if (segments > 1) lines.push("from torch.utils.checkpoint import checkpoint_sequential");
    if (dtype !== "float32") lines.push("", `torch.set_default_dtype(torch.${dtype})`);
    const made = ["model = nn.Sequential(", ...partsCode(model), ")", `batch = torch.rand(${shape.join(", ")})`];
    if (!highest) return [...lines, "", ...made, `print(saved_for_backward(${saved}))`, ""].join("\n");
    return [
      ...lines, "", "", "def step():", "    optimizer.zero_grad()", `    loss = ${call}.mean()`, "    loss.backward()", "    optimizer.step()", "", "",
      "with track_memory() as memory:", ...[...made, `optimizer = torch.optim.${optimizers[optimizer]}`, "for _ in range(2):", "    step()"].map((line) => `    ${line}`),
      `print(saved_for_backward(${saved}))`, 'print("peak:", memory.peak_bytes, "bytes")', "",
    ].join("\n");
  }

  const partsCode = (items) => items.map((item) => `    ${itemCode(item)},`);

  function itemCode({ inside, times, label }) {
    const one = inside ? `nn.Sequential(${inside.map(itemCode).join(", ")})` : `nn.${label}${label.endsWith(")") ? "" : "()"}`;
    return times === undefined ? one : `*[${one} for _ in range(${times})]`;
  }

  // Words and numbers, as Python writes them

  function bytesText(bytes) {
    if (bytes < 1024) return counted(bytes, "byte");
    const units = ["KiB", "MiB", "GiB", "TiB"], exponent = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
    const value = bytes / 1024 ** exponent;
    const tenths = value % 1 === 0.25 ? `${Math.floor(value)}.2` : value.toFixed(1); // what lies in the middle goes to the even digit
    return `${tenths.replace(/\d+/, grouped)} ${units[exponent - 1]}`;
  }

  const grouped = (number) => `${number}`.replace(/\B(?=(\d{3})+$)/g, ",");
  const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
  const shapeText = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);
  const bytesOf = (shape, dtype) => product(shape) * SIZES[dtype];
  const product = (sizes) => sizes.reduce((total, size) => total * size, 1);
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  const readLayers = (text) => orWrong(() => ({ model: new Reader(text).model() }));

  window.tensorglass = { ...window.tensorglass, readLayers, readBatch, readTraining, kept, keptContent: content, keptCode: code, keptBlocks: byBlock, bytesText };
})();
