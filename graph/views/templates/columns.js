/* The data of the page, unpacked: embedding.py writes what this reads. Data may be hostile: it
   reaches the page through textContent and checked addresses only. */
const byId = (id) => document.getElementById(id);
const { phrases, palette, limits } = JSON.parse(byId("settings").textContent);
const model = JSON.parse(byId("model").textContent);

async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const column = {};
  for (const [name, count, width, least, kind] of head.columns) {
    column[name] = joinPlanes(bytes, at, count, width, least, kind);
    at += count * width;
  }
  head.measures.forEach((_, at) => standings(column, at));
  return { ...head, column };
}

/* Each rank and its value stand once; a node says which is its own, 0 for none. */
function standings(column, at) {
  const own = column[`standing${at}`];
  const value = new Float32Array(own.length).fill(NaN);
  const rank = new Int32Array(own.length);
  own.forEach((place, node) => {
    if (!place) return;
    value[node] = column[`standingValue${at}`][place - 1];
    rank[node] = column[`standingRank${at}`][place - 1];
  });
  column[`value${at}`] = value;
  column[`rank${at}`] = rank;
}

/* A column stands plane by plane, all lowest bytes first. */
function joinPlanes(bytes, start, count, width, least, kind) {
  const words = new Uint32Array(count);
  for (let plane = 0; plane < width; plane += 1) {
    const from = start + plane * count;
    for (let row = 0; row < count; row += 1) words[row] |= bytes[from + row] << (8 * plane);
  }
  if (kind === "float") {
    for (let row = 1; row < count; row += 1) words[row] += words[row - 1];
    return new Float32Array(words.buffer);
  }
  const whole = new Int32Array(count);
  let sum = 0;
  for (let row = 0; row < count; row += 1) {
    whole[row] = words[row] + least;
    if (kind === "new") {
      // 0 is one more than the largest so far, which is -1 before the first.
      whole[row] = whole[row] ? whole[row] - 2 : sum;
      sum = Math.max(sum, whole[row] + 1);
    }
    if (kind === "sum") {
      sum += whole[row];
      whole[row] = sum;
    }
  }
  return whole;
}

const data = await unpack(byId("packed").textContent);
const { column } = data;
const NODES = column.kind.length;
const LINKS = column.source.length;
const { measures, groupings } = data;
const nodeKinds = data.nodeKinds;
const linkKinds = data.linkKinds;
const remarks = [...data.remarks].sort((a, b) => b.severity - a.severity);
const layers = data.layers;
