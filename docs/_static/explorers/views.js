// How a tensor lies in memory after a chain of operations, and whether `.view` of it works: in numbers alone, refused in
// torch's words, and told in the tables of the library. The tests compare it with both. No page is touched here: see
// views_view.js.
//
// tensorglass.view([4, 3], [1, 4], [12]) -> {ok, stride, error}
// tensorglass.viewChain("torch.empty(3, 4).T[:, 1:]") -> {x: {size, stride, offset, ...}}, or {wrong, at, raises}
"use strict";

(() => {
  const LARGEST = 2 ** 46; // up to here, bytes and tenths of them are exact
  const LISTED_AT_MOST = 2 ** 20; // as in the library: irregular cells are counted by listing them
  const DTYPES = { // bytes of an element, and what torch's messages call a tensor of it
    float32: [4, "torch.FloatTensor"], float64: [8, "torch.DoubleTensor"], float16: [2, "torch.HalfTensor"],
    bfloat16: [2, "CPUBFloat16Type"], int64: [8, "torch.LongTensor"], int32: [4, "torch.IntTensor"],
    uint8: [1, "torch.ByteTensor"], bool: [1, "CPUBoolType"],
  };
  const INCOMPATIBLE = "view size is not compatible with input tensor's size and stride (at least one dimension spans " +
    "across two contiguous subspaces). Use .reshape(...) instead.";
  const FORMATS = { // by name: the number of axes, and the axes in the order of memory, from the last one backwards
    channels_last: [4, [1, 3, 2, 0]],
    channels_last_3d: [5, [1, 4, 3, 2, 0]],
  };

  class Refused extends Error {} // the message is torch's
  class Unread extends Error { // what torch was not asked
    constructor(said, at) {
      super(said);
      this.at = at;
    }
  }
  const refuse = (text) => { throw new Refused(text); };

  // The rule of views: a new axis may lie within one chunk of memory, and not reach across the border between two.

  function view(size, stride, shape) {
    const error = shapeError(shape, product(size));
    const made = error === null ? viewStride(size, stride, inferred(shape, product(size))) : null;
    return { ok: made !== null, stride: made, error: error ?? (made === null ? INCOMPATIBLE : null) };
  }

  function shapeError(shape, numel) {
    let holes = 0;
    for (const [place, count] of shape.entries()) {
      if (count === -1 && holes++) return "only one dimension can be inferred";
      if (count < -1) return `invalid shape dimension ${count} at index ${place} of shape ${listText(shape)}`;
    }
    const known = product(shape.filter((count) => count !== -1));
    if (holes && known === 0 && numel === 0) {
      return `cannot reshape tensor of 0 elements into shape ${listText(shape)} because the unspecified dimension size -1 ` +
        "can be any value and is ambiguous";
    }
    const fits = holes ? numel % known === 0 : known === numel; // nothing is a multiple of 0
    return fits ? null : `shape '${listText(shape)}' is invalid for input of size ${numel}`;
  }

  function inferred(shape, numel) {
    const known = product(shape.filter((count) => count !== -1));
    return shape.map((count) => (count === -1 ? numel / known : count));
  }

  function viewStride(size, stride, shape) {
    if (shape.includes(0)) return equal(size, shape) ? stride : rowMajor(shape);
    const made = [], left = [...shape]; // from the last axis backwards
    for (const [numel, step] of chunks(size, stride)) {
      let covered = 1;
      while (left.length && (covered < numel || left.at(-1) === 1)) {
        made.unshift(covered * step);
        covered *= left.pop();
      }
      if (covered !== numel) return null;
    }
    return made;
  }

  // From the last axis backwards: of each chunk, how many elements it has, and the step between them.
  function chunks(size, stride) {
    const found = [];
    for (let axis = size.length - 1; axis >= 0; axis -= 1) {
      const last = found.at(-1);
      if (last && (size[axis] === 1 || stride[axis] === last[0] * last[1])) last[0] *= size[axis];
      else found.push([size[axis], stride[axis]]);
    }
    return found.length ? found : [[1, 1]];
  }

  const rowMajor = (shape) => shape.map((_, axis) => product(shape.slice(axis + 1).map((count) => Math.max(count, 1))));

  // The operations of a chain. A tensor is {size, stride, offset, cells, dtype, notes}: `cells` of its storage.

  function storageFor(dtype, size, stride = rowMajor(size), notes = []) {
    return { size, stride, offset: 0, cells: product(size), dtype, notes };
  }

  function copied(x, call, size, stride) {
    return storageFor(x.dtype, size, stride, [...x.notes, `${call}() copies: x has a storage of its own.`]);
  }

  function wrap(axis, rank) {
    const most = Math.max(rank, 1);
    if (axis < -most || axis >= most) {
      refuse(`Dimension out of range (expected to be in range of [${-most}, ${most - 1}], but got ${axis})`);
    }
    return axis < 0 ? axis + most : axis;
  }

  const reordered = (x, order) => ({ ...x, size: order.map((axis) => x.size[axis]), stride: order.map((axis) => x.stride[axis]) });
  const without = (x, gone) => reordered(x, [...x.size.keys()].filter((axis) => !gone.includes(axis)));

  function transpose(x, dim0, dim1) {
    const rank = x.size.length, order = [...x.size.keys()], a = wrap(dim0, rank), b = wrap(dim1, rank);
    if (rank) [order[a], order[b]] = [order[b], order[a]];
    return reordered(x, order);
  }

  function permute(x, dims) {
    const rank = x.size.length, order = [];
    if (dims.length !== rank) {
      refuse("permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering " +
        `of dimensions i.e. input.dim() = ${rank} is not equal to len(dims) = ${dims.length}`);
    }
    for (const dim of dims) {
      const axis = wrap(dim, rank);
      if (order.includes(axis)) refuse("permute(): duplicate dims are not allowed.");
      order.push(axis);
    }
    return reordered(x, order);
  }

  function expand(x, target) {
    const rank = x.size.length, size = [...target], stride = target.map(() => 0);
    if (target.length < rank) {
      refuse(`expand(${DTYPES[x.dtype][1]}{${listText(x.size)}}, size=${listText(target)}): the number of sizes provided ` +
        `(${target.length}) must be greater or equal to the number of dimensions in the tensor (${rank})`);
    }
    for (let i = target.length - 1; rank && i >= 0; i -= 1) {
      const axis = i - target.length + rank, isNew = axis < 0;
      const count = isNew ? 1 : x.size[axis];
      if (target[i] === -1 && isNew) {
        refuse(`The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${i}`);
      }
      if (target[i] === -1) size[i] = count;
      if (size[i] === count) stride[i] = isNew ? size[i + 1] * stride[i + 1] : x.stride[axis];
      else if (count !== 1) {
        refuse(`The expanded size of the tensor (${target[i]}) must match the existing size (${count}) at non-singleton ` +
          `dimension ${i}.  Target sizes: ${listText(target)}.  Tensor sizes: ${listText(x.size)}`);
      }
    }
    if (size.some((count) => count < 0)) refuse("numel: integer multiplication overflow");
    return { ...x, size, stride };
  }

  function unsqueeze(x, dim) {
    const axis = wrap(dim, x.size.length + 1);
    const step = axis < x.size.length ? x.size[axis] * x.stride[axis] : 1;
    return { ...x, size: x.size.toSpliced(axis, 0, 1), stride: x.stride.toSpliced(axis, 0, step) };
  }

  function squeeze(x, dims = [...x.size.keys()]) {
    const gone = [];
    for (const dim of dims) {
      const axis = wrap(dim, x.size.length);
      if (gone.includes(axis)) refuse(`dim ${axis} appears multiple times in the list of dims`);
      gone.push(axis);
    }
    return without(x, gone.filter((axis) => x.size[axis] === 1));
  }

  function viewed(x, shape) {
    const { stride, error } = view(x.size, x.stride, shape);
    if (error !== null) refuse(error);
    return { ...x, size: inferred(shape, product(x.size)), stride };
  }

  function reshape(x, shape, call = "reshape") {
    const { error } = view(x.size, x.stride, shape);
    return error === INCOMPATIBLE ? copied(x, call, inferred(shape, product(x.size))) : viewed(x, shape);
  }

  function flatten(x, startDim = 0, endDim = -1) {
    const rank = x.size.length, start = wrap(startDim, rank), end = wrap(endDim, rank);
    if (start > end) refuse("flatten() has invalid args: start_dim cannot come after end_dim");
    if (!rank) return reshape(x, [1]);
    if (start === end) return x;
    const merged = product(x.size.slice(start, end + 1));
    return reshape(x, x.size.toSpliced(start, end + 1 - start, merged), "flatten");
  }

  function slice(x, dim, start, stop, step) {
    if (step < 1) refuse("step must be greater than zero"); // torch's words for x[::-1]
    if (!x.size.length) refuse("slice() cannot be applied to a 0-dim tensor.");
    const axis = wrap(dim, x.size.length), count = x.size[axis];
    const within = (place) => Math.min(Math.max(place < 0 ? place + count : place, 0), count);
    const first = within(start ?? 0), end = Math.max(within(stop ?? count), first);
    return {
      ...x, size: x.size.with(axis, Math.ceil((end - first) / step)), stride: x.stride.with(axis, x.stride[axis] * step),
      offset: x.offset + first * x.stride[axis],
    };
  }

  function pick(x, axis, index) {
    return { ...without(x, [axis]), offset: x.offset + (index < 0 ? index + x.size[axis] : index) * x.stride[axis] };
  }

  function select(x, dim, index) {
    if (!x.size.length) refuse("select() cannot be applied to a 0-dim tensor.");
    const axis = wrap(dim, x.size.length);
    if (index < -x.size[axis] || index >= x.size[axis]) {
      refuse(`select(): index ${index} out of range for tensor of size ${listText(x.size)} at dimension ${axis}`);
    }
    return pick(x, axis, index);
  }

  // x[...]: an entry is a number, {slice: [start, stop, step]}, null for None, or "...".
  function indexed(x, entries, isTuple) {
    const specified = entries.filter((entry) => entry !== null && entry !== "...").length;
    if (isTuple && specified > x.size.length) refuse(`too many indices for tensor of dimension ${x.size.length}`);
    let axis = 0, made = x;
    for (const [place, entry] of entries.entries()) {
      if (entry === "...") {
        axis += x.size.length - specified;
      } else if (typeof entry === "number") {
        made = pickEntry(made, axis, entry, place);
      } else {
        if (entry?.slice[2] === 0) refuse("slice step cannot be zero");
        made = entry === null ? unsqueeze(made, axis) : slice(made, axis, ...entry.slice);
        axis += 1;
      }
    }
    return made;
  }

  function pickEntry(x, axis, index, place) {
    if (!x.size.length && index === 0) {
      refuse("invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim " +
        "tensor to a number");
    }
    const count = x.size[axis] ?? 0;
    if (index < -count || index >= count) refuse(`index ${index} is out of bounds for dimension ${place} with size ${count}`);
    return pick(x, axis, index);
  }

  function narrow(x, dim, start, length) {
    if (!x.size.length) refuse("narrow() cannot be applied to a 0-dim tensor.");
    if (length < 0) refuse("narrow(): length must be non-negative.");
    const axis = wrap(dim, x.size.length), count = x.size[axis];
    if (start < -count || start > count) {
      refuse(`start out of range (expected to be in range of [${-count}, ${count}], but got ${start})`);
    }
    const first = start < 0 ? start + count : start;
    if (first > count - length) refuse(`start (${first}) + length (${length}) exceeds dimension size (${count}).`);
    return slice(x, axis, first, first + length, 1);
  }

  function diagonal(x, offset = 0, dim1 = 0, dim2 = 1) {
    const a = wrap(dim1, x.size.length), b = wrap(dim2, x.size.length);
    if (a === b) refuse(`diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    const down = Math.max(-offset, 0), right = Math.max(offset, 0);
    const count = Math.max(Math.min(x.size[a] - down, x.size[b] - right), 0);
    const rest = without(x, [a, b]);
    return {
      ...rest, size: [...rest.size, count], stride: [...rest.stride, x.stride[a] + x.stride[b]],
      offset: x.offset + (count ? down * x.stride[a] + right * x.stride[b] : 0),
    };
  }

  function unfold(x, dim, length, step) {
    const rank = x.size.length, axis = wrap(dim, rank), count = rank ? x.size[axis] : 1;
    if (length < 0) refuse(`size is ${length} but must be >= 0`);
    if (length > count) refuse(`maximum size for tensor at dimension ${axis} is ${count} but size is ${length}`);
    if (step < 1) refuse(`step is ${step} but must be > 0`);
    if (!rank) return { ...x, size: [length], stride: [1] };
    return {
      ...x, size: [...x.size.with(axis, Math.floor((count - length) / step) + 1), length],
      stride: [...x.stride.with(axis, x.stride[axis] * step), x.stride[axis]],
    };
  }

  function asStrided(x, size, stride, offset = x.offset) {
    if (size.length !== stride.length) refuse("mismatch in length of strides and shape");
    if (stride.some((step) => step < 0)) {
      refuse(`as_strided: Negative strides are not supported at the moment, got strides: ${listText(stride)}`);
    }
    if (offset < 0) refuse(`Tensor: invalid storage offset ${offset}`);
    if (size.some((count) => count < 0)) {
      refuse(`Storage size calculation overflowed with sizes=${listText(size)} and strides=${listText(stride)}`);
    }
    const made = { ...x, size, stride, offset }, itemsize = DTYPES[x.dtype][0];
    if (cellsNeeded(made) > x.cells) {
      refuse(`setStorage: sizes ${listText(size)}, strides ${listText(stride)}, storage offset ${offset}, and itemsize ` +
        `${itemsize} requiring a storage size of ${cellsNeeded(made) * itemsize} are out of bounds for storage of size ` +
        `${x.cells * itemsize}`);
    }
    return made;
  }

  const cellsNeeded = ({ size, stride, offset }) =>
    size.includes(0) ? 0 : size.reduce((most, count, axis) => most + (count - 1) * stride[axis], offset + 1);

  // `contiguous` and `to`: the second returns what already looks like the format, also where memory has holes.
  function inFormat(x, format, call, isThere) {
    const [rank] = FORMATS[format] ?? [x.size.length];
    if (x.size.length !== rank) refuse(`required rank ${rank} tensor to use ${format} format`);
    return isThere(x, format) ? x : copied(x, call, x.size, denseStride(x.size, format));
  }

  function denseStride(size, format) {
    const stride = rowMajor(size);
    let step = 1;
    for (const axis of FORMATS[format]?.[1] ?? []) {
      stride[axis] = step;
      step *= size[axis]; // also by 0, unlike in the contiguous format
    }
    return stride;
  }

  function isContiguous({ size, stride }, format) {
    const order = FORMATS[format]?.[1] ?? [...size.keys()].reverse();
    if (FORMATS[format] ? FORMATS[format][0] !== size.length : size.includes(0)) return format === "contiguous_format";
    let step = 1;
    for (const axis of order) {
      if (size[axis] !== 1 && stride[axis] !== step) return false;
      if (size[axis] !== 1) step *= size[axis];
    }
    return true;
  }

  function looksLike(x, format) {
    const suggested = Object.keys(FORMATS).find((name) => FORMATS[name][0] === x.size.length && ascends(x, FORMATS[name][1]));
    return (suggested ?? "contiguous_format") === format;
  }

  function ascends({ size, stride }, order) {
    let least = 0;
    if (stride[1] === 0) return false;
    for (const axis of order) {
      if (size[axis] === 0 || stride[axis] < least || (axis === 0 && least === stride[1])) return false;
      least = stride[axis] * Math.max(size[axis], 1);
    }
    return true;
  }

  const reversed = (x) => reordered(x, [...x.size.keys()].reverse());

  const PROPERTIES = {
    T: (x) => (x.size.length === 2 ? reversed(x)
      : { ...reversed(x), notes: [...x.notes, "torch warns: the use of `x.T` on tensors of dimension other than 2 is deprecated."] }),
    mT: (x) => {
      if (x.size.length === 1) refuse("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.");
      return x.size.length ? transpose(x, -2, -1) : x;
    },
  };

  // Each method with its arguments as torch names them; of one with a star, several numbers come, or a sequence.
  const METHODS = {
    t: ["", (x) => {
      if (x.size.length > 2) refuse(`t() expects a tensor with <= 2 dimensions, but self is ${x.size.length}D`);
      return reversed(x);
    }],
    transpose: ["dim0, dim1", transpose],
    swapaxes: ["axis0, axis1", transpose],
    swapdims: ["dim0, dim1", transpose],
    permute: ["*dims", permute],
    expand: ["*size", expand],
    unsqueeze: ["dim", unsqueeze],
    squeeze: ["*dim=()", squeeze],
    view: ["*size", viewed],
    reshape: ["*shape", (x, shape) => reshape(x, shape)],
    flatten: ["start_dim=0, end_dim=-1", flatten],
    ravel: ["", (x) => viewed(inFormat(x, "contiguous_format", "ravel", isContiguous), [-1])],
    narrow: ["dim, start, length", narrow],
    select: ["dim, index", select],
    diagonal: ["offset=0, dim1=0, dim2=1", diagonal],
    unfold: ["dimension, size, step", unfold],
    as_strided: ["*size, *stride, storage_offset=0", asStrided],
    contiguous: ["memory_format=torch.contiguous_format", (x, format = "contiguous_format") =>
      inFormat(x, format, "contiguous", isContiguous)],
    to: ["memory_format", (x, format) => inFormat(x, format, "to", looksLike)],
  };
  const MAKERS = ["empty", "zeros", "ones", "rand", "randn", "arange"];

  function make(maker, args, { dtype = maker === "arange" ? "int64" : "float32" }) {
    const size = maker === "arange" ? args : listed(args), bad = size.find((count) => count < 0);
    if (bad !== undefined) {
      refuse(maker === "zeros" ? "zeros: Dimension size must be non-negative."
        : maker === "arange" ? "upper bound and lower bound inconsistent with step sign"
        : `Trying to create tensor with negative dimension ${bad}: ${listText(size)}`);
    }
    return storageFor(dtype, size);
  }

  const listed = (args) => (args.length === 1 && Array.isArray(args[0]) ? args[0] : args); // expand((2, 3)) is expand(2, 3)

  // Reading what somebody types

  class Reader {
    constructor(text) {
      this.text = text;
      this.at = 0;
      this.take("");
    }

    take(pattern) {
      const found = new RegExp(`(${pattern})\\s*`, "y");
      found.lastIndex = this.at;
      const [all, text, ...groups] = found.exec(this.text) ?? [];
      if (all === undefined) return null;
      this.at += all.length;
      this.end = this.at - all.length + text.length;
      return groups.length ? groups : text;
    }

    need(pattern, expected) {
      return this.take(pattern) ?? this.wrong(expected);
    }

    wrong(expected, at = this.at) {
      const word = /^(\w+|.)/u.exec(this.text.slice(at));
      throw new Unread(`${word ? `“${word[0]}” came` : "It ends"} where ${expected} was expected.`, at);
    }

    number() {
      const text = this.take("[-+]?\\s*\\d+(?![\\w.])");
      if (text === null) return null;
      const number = Number(text.replace(/\s/g, "")) + 0;
      if (Math.abs(number) > LARGEST) throw new Unread("A number is larger than any tensor's.", this.end - text.length);
      return number;
    }

    // (3, 4) or [3, 4]; of (3) the brackets group, as in Python.
    sequence() {
      const open = this.take("[([]"), close = open === "(" ? "\\)" : "\\]", items = [];
      let comma = null;
      while (!this.take(close)) {
        if (items.length && !comma) this.wrong("a comma or the closing bracket");
        items.push(this.number() ?? (this.text[this.at] === "(" ? this.sequence() : this.wrong("a whole number")));
        comma = this.take(",");
      }
      return open === "(" && items.length === 1 && !comma ? items[0] : items;
    }

    value() {
      if (/[([]/.test(this.text[this.at] ?? "")) return this.sequence();
      return this.number() ?? this.wrong("a whole number");
    }

    // What stands in the brackets of a call: values, and named ones.
    call() {
      const args = [], named = {};
      this.need("\\(", "an opening bracket");
      while (!this.take("\\)")) {
        const at = this.at, [name] = this.take("(\\w+)\\s*=") ?? [];
        const word = name ? this.take("torch\\.(\\w+)") : null;
        if (name) named[name] = { value: word ? word[0] : this.value(), at };
        else args.push(this.value());
        if (!this.take(",") && this.text[this.at] !== ")") this.wrong("a comma or the closing bracket");
      }
      return [args, named];
    }

    index() {
      const entries = [];
      let isTuple = false;
      while (!this.take("\\]")) {
        entries.push(this.entry(entries));
        if (this.take(",")) isTuple = true;
        else if (this.text[this.at] !== "]") this.wrong("a comma or the closing bracket");
      }
      return entries.length ? [entries, isTuple] : this.wrong("an index");
    }

    entry(before) {
      const at = this.at;
      if (this.take("\\.\\.\\.")) {
        if (before.includes("...")) throw new Unread("A second “...” came in one index; expected one at most.", at);
        return "...";
      }
      if (this.take("None\\b")) return null;
      const start = this.number();
      if (!this.take(":")) return start ?? this.wrong("a whole number, a slice, None or ...");
      const stop = this.number();
      return { slice: [start, stop, (this.take(":") ? this.number() : null) ?? 1] };
    }
  }

  function chain(text) {
    const reader = new Reader(text);
    let from = 0;
    try {
      if (!text.trim()) throw new Unread("Expected a tensor such as torch.empty(3, 4).T[:, 1:].", 0);
      if (/^\s*size\s*=/.test(text)) return { x: raw(text) };
      let x = first(reader);
      while (reader.at < text.length) {
        from = reader.at;
        x = limited(next(reader, x), from);
      }
      return { x };
    } catch (error) {
      if (error instanceof Refused) return { wrong: error.message, at: from, raises: text.slice(from, reader.end) };
      if (error instanceof Unread) return { wrong: error.message, at: error.at };
      throw error;
    }
  }

  // torch.empty(3, 4), or its shape alone
  function first(reader) {
    reader.take("[A-Za-z_]\\w*\\s*=(?!=)"); // x = ...
    const at = reader.at, [maker] = reader.take("(?:torch\\.)?(\\w+)(?=\\s*\\()") ?? [];
    if (!maker) {
      if (!/[([]/.test(reader.text[at] ?? "")) reader.wrong("a shape such as (3, 4)");
      const shape = reader.sequence();
      return limited(make("empty", [shape].flat(), {}), at);
    }
    const isKnown = MAKERS.includes(maker), [args, { dtype, ...others }] = isKnown ? reader.call() : [[], {}];
    const isOne = args.length === 1 && typeof args[0] === "number";
    const isFit = maker === "arange" ? isOne : args.length && !listed(args).some(Array.isArray);
    if (!isFit || Object.keys(others).length || (dtype && (maker.startsWith("rand") || !(dtype.value in DTYPES)))) {
      throw new Unread(`“${reader.text.slice(at, reader.end)}” came; expected ${MAKERS.join(", ")} of whole numbers, with a dtype of ` +
        `${Object.keys(DTYPES).join(", ")} or without one.`, at);
    }
    return limited(make(maker, args, { dtype: dtype?.value }), at);
  }

  function raw(text) {
    const found = /^\s*size\s*=([-\d\s,()[\]]+)stride\s*=([-\d\s,()[\]]+)(?:offset\s*=\s*(-?\d+)[\s,]*)?(?:dtype\s*=\s*(?:torch\.)?(\w+)\s*)?$/.exec(text);
    const dtype = found?.[4] ?? "float32";
    if (!found || !(dtype in DTYPES)) throw new Unread("Expected, for instance, size=(4, 3) stride=(1, 4) offset=0 dtype=int64.", 0);
    const [size, stride] = found.slice(1, 3).map((sizes) => (sizes.match(/-?\d+/g) ?? []).map(Number)), offset = Number(found[3] ?? 0);
    const cells = Math.max(cellsNeeded({ size, stride, offset }), 0) || 0;
    return limited(asStrided({ ...storageFor(dtype, [cells]), isRaw: true }, size, stride, offset), 0);
  }

  function next(reader, x) {
    if (reader.take("\\[")) return indexed(x, ...reader.index());
    reader.need("\\.", "a dot or an opening square bracket");
    const at = reader.at, name = reader.need("\\w+", "an operation");
    if (name in PROPERTIES) return PROPERTIES[name](x);
    if (!(name in METHODS)) {
      const known = [...Object.keys(PROPERTIES), ...Object.keys(METHODS)].join(", ");
      throw new Unread(`“${name}” is not read here; expected ${known}.`, at);
    }
    const [signature, operate] = METHODS[name], args = inOrder(signature, ...reader.call());
    if (!args) throw new Unread(`“${reader.text.slice(at, reader.end)}” came; expected ${name}(${signature}).`, at);
    return operate(x, ...args);
  }

  // The arguments in the order of their names; null where they do not fit the signature.
  function inOrder(signature, came, named) {
    const all = signature.split(", ").filter(Boolean), names = all.map((each) => each.replace(/^\*|=.*/g, ""));
    const args = all.length === 1 && all[0].startsWith("*") && came.length ? [listed(came)] : [...came];
    for (const [name, { value }] of Object.entries(named)) {
      const place = names.indexOf(name);
      if (place < 0 || place in args) return null;
      args[place] = all[place].startsWith("*") ? [value].flat() : value;
    }
    const fits = all.every((each, place) => isFor(each, args[place]));
    return fits && args.length <= all.length ? args : null;
  }

  function isFor(argument, value) {
    if (value === undefined) return argument.includes("=");
    if (argument.startsWith("memory_format")) return value === "contiguous_format" || value in FORMATS;
    return argument.startsWith("*") ? Array.isArray(value) && !value.some(Array.isArray) : typeof value === "number";
  }

  function limited(x, at) {
    const all = [product(x.size), product(x.size.map((count) => Math.max(count, 1))), x.cells, cellsNeeded(x), x.offset, ...x.stride];
    if (all.some((number) => !(number <= LARGEST))) throw new Unread("This tensor is larger than any that is explained here.", at);
    return x;
  }

  // How many cells hold an element: no list is made where each step leaps over what the finer axes reach.
  function cellsUsed({ size, stride }) {
    if (size.includes(0)) return 0;
    const axes = fold(size.map((count, axis) => [count, stride[axis]]));
    const listed = product(axes.map(([count]) => count));
    const leaps = axes.every(([, step], i) => step > axes.slice(0, i).reduce((reach, [count, finer]) => reach + finer * (count - 1), 0));
    if (leaps) return listed;
    if (listed > LISTED_AT_MOST) return null;
    return axes.reduce((places, [count, step]) =>
      new Set([...places].flatMap((place) => Array.from({ length: count }, (_, i) => place + i * step))), new Set([0])).size;
  }

  // An axis whose step is so many steps of a finer axis as that has, or fewer, continues it.
  function fold(axes) {
    const found = axes.filter(([count, step]) => count > 1 && step > 0).sort((a, b) => a[1] - b[1]), folded = [];
    for (const [count, step] of found) {
      const finer = folded.find(([steps, small]) => step % small === 0 && step / small <= steps);
      if (finer) finer[0] += (step / finer[1]) * (count - 1);
      else folded.push([count, step]);
    }
    return folded.length === found.length ? folded : fold(folded);
  }

  // What the library's reports say: sentences, and tables, in which a cell is a text or [text, class].

  function viewReport(size, stride, itemsize, shape) {
    const { ok, stride: made } = view(size, stride, shape), numel = product(size);
    const error = shapeError(shape, numel), wanted = error === null ? inferred(shape, numel) : shape;
    const name = shapeText(wanted), axes = mergesOf(size, stride);
    const verdict = ok ? `x.view${name} works, with the stride ${shapeText(made)}`
      : error !== null ? `x.view${name} is impossible: ${error}` : `x.view${name} does not work`;
    const parts = [verdict];
    if (axes.length) parts.push(axesTable(axes));
    if (ok || error !== null) return parts;
    for (const { axis, stride: step, walk, next: inner } of breaksOf(axes, size, wanted)) {
      parts.push(`memory breaks between axes ${axis} and ${inner}: a step along axis ${axis} is ${step}, and to merge with axis ` +
        `${inner} it would have to be ${walk}`);
    }
    return [...parts, `x.reshape${name} works, and copies ${bytesText(numel * itemsize)}`];
  }

  // Of each axis, which stride it would need to merge with the next one that has more than one index.
  function mergesOf(size, stride) {
    return size.map((count, axis) => {
      const after = [...size.keys()].filter((other) => other > axis && size[other] !== 1);
      if (!after.length) return { axis, size: count, stride: stride[axis], walk: null, merges: null };
      const [numel, step] = chunks(after.map((other) => size[other]), after.map((other) => stride[other])).at(-1);
      const walk = numel * step;
      return { axis, size: count, stride: stride[axis], walk, merges: count === 1 || stride[axis] === walk, next: after[0] };
    });
  }

  // The breaks in memory that no border between new axes coincides with.
  function breaksOf(axes, size, shape) {
    const borders = shape.map((_, axis) => product(shape.slice(axis)));
    return axes.filter(({ axis, merges }) => merges === false && !borders.includes(product(size.slice(axis + 1))));
  }

  function axesTable(axes) {
    return {
      caption: "Axes of x",
      header: ["axis", "size", "stride", "stride to merge", "with the next axis"],
      numbers: ["size", "stride", "stride to merge"],
      rows: axes.map(({ axis, size, stride, walk, merges }) => [
        `${axis}`, `${size}`, `${stride}`, walk === null ? "" : `${walk}`,
        merges === null ? "" : merges ? "merges" : ["breaks", "clash"],
      ]),
    };
  }

  function formatsOf(x) {
    return ["contiguous_format", ...Object.keys(FORMATS)].filter((format) => isContiguous(x, format));
  }

  function storageTable(x) {
    const [itemsize] = DTYPES[x.dtype], numel = product(x.size), used = cellsUsed(x), formats = formatsOf(x);
    const elements = counted(numel, "element"), each = counted(itemsize, "byte"), unreached = (x.cells - used) * itemsize;
    return {
      caption: "Storage",
      header: ["property", "value", "in words"],
      rows: [
        ["shape", shapeText(x.size), elements],
        ["stride", shapeText(x.stride), "cells from one index to the next, along each axis"],
        ["offset", `${x.offset}`, "the cell of the first element"],
        ["dtype", x.dtype, `${each} an element`],
        ["device", "cpu", "where the storage is"],
        ["logical bytes", grouped(numel * itemsize), `${elements} of ${each}`],
        ["storage bytes", grouped(x.cells * itemsize), counted(x.cells, "cell")],
        ["cells used", grouped(used), used < numel ? "some hold several elements" : "one for each element"],
        ["unreached bytes", grouped(unreached), unreached ? "no element here, but kept alive" : "every byte belongs to an element"],
        ["contiguous", formats.length ? "yes" : "no", formats.join(", ")],
      ],
    };
  }

  // What is said first, and spoken.
  function headline(x) {
    const formats = formatsOf(x), numel = product(x.size), used = cellsUsed(x);
    const contiguous = formats.length ? `contiguous (${formats.join(", ")})` : "not contiguous";
    const overlap = used < numel ? "some cells hold several elements" : "each element in a cell of its own";
    const fraction = !x.cells ? "nothing in it"
      : `${grouped(used)} of its ${counted(x.cells, "cell")} used (${Math.round((100 * used) / x.cells)}%)`;
    const bytes = bytesText(x.cells * DTYPES[x.dtype][0]);
    return `x has size ${shapeText(x.size)}, stride ${shapeText(x.stride)} and offset ${x.offset} in a storage of ${bytes}: ` +
      `${contiguous}, ${overlap}, ${fraction}.`;
  }


  function readTarget(text) {
    if (!text.trim()) return { shape: null };
    try {
      const reader = new Reader(`(${text})`), [args, named] = reader.call(), shape = listed(args);
      if (reader.at <= text.length + 1 || shape.some(Array.isArray) || Object.keys(named).length) throw new Unread("", 1);
      return { shape };
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      return { wrong: "Expected a shape in whole numbers, such as 2, -1.", at: error.at - 1 };
    }
  }

  function read(tensor, shape) {
    const { x, ...told } = chain(tensor), target = readTarget(shape);
    if (!x) {
      const wrong = told.raises === undefined ? told.wrong : `${told.raises.trim()} raises: ${told.wrong}`;
      return { wrong, at: told.at, field: "view" };
    }
    if (target.wrong) return { ...target, field: "shape" };
    if (cellsUsed(x) === null) return { wrong: "The cells of this irregular layout are too many to be counted here.", field: "view" };
    return { state: { x, shape: target.shape, itemsize: DTYPES[x.dtype][0], text: tensor.trim() } };
  }

  function code({ x, shape, text }) {
    const made = !x.isRaw ? text.replace(/^\w+\s*=\s*/, "").replace(/^[([][^)\]]*[)\]]/, (sizes) => `torch.empty(${sizes})`)
      : `torch.empty(${x.cells}${x.dtype === "float32" ? "" : `, dtype=torch.${x.dtype}`})` +
        `.as_strided(${shapeText(x.size)}, ${shapeText(x.stride)}, ${x.offset})`;
    const lines = ["import torch", "", `x = ${made.replace(/^(?!torch\.)(?=\w)/, "torch.")}`,
      "print(tuple(x.shape), x.stride(), x.storage_offset(), x.is_contiguous())"];
    if (shape) {
      const { ok, error } = view(x.size, x.stride, shape);
      if (!ok) lines.push(`# x.view(${shapeText(shape)}) raises: ${error}`);
      if (ok || error === INCOMPATIBLE) lines.push(`print(x.${ok ? "view" : "reshape"}(${shapeText(shape)}).stride())`);
    }
    return [...lines, ""].join("\n");
  }

  // Words, as Python writes them

  function bytesText(bytes) {
    if (bytes < 1024) return counted(bytes, "byte");
    const exponent = Math.min(Math.floor(Math.log2(bytes) / 10), 5), tenths = (10 * bytes) / 1024 ** exponent;
    const low = Math.floor(tenths), rest = tenths - low; // what lies in the middle goes to the even digit
    const rounded = low + (rest > 0.5 || (rest === 0.5 && low % 2) ? 1 : 0);
    return `${grouped(Math.floor(rounded / 10))}.${rounded % 10} ${["", "KiB", "MiB", "GiB", "TiB", "PiB"][exponent]}`;
  }

  const product = (numbers) => numbers.reduce((total, number) => total * number, 1);
  const equal = (a, b) => a.length === b.length && a.every((number, i) => number === b[i]);
  const grouped = (number) => number.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
  const listText = (numbers) => `[${numbers.join(", ")}]`;
  const shapeText = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

  globalThis.tensorglass = {
    ...globalThis.tensorglass, view, viewChain: chain, viewReport, viewRead: read, viewCode: code, viewHeadline: headline,
    viewStorage: storageTable, viewShapeText: shapeText,
  };
})();
