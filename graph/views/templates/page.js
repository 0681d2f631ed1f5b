/* The frame round the network: legend, search, facts, table. vis-network draws the nodes and
   links. Data may be hostile: it reaches the page through textContent and checked addresses only. */
const byId = (id) => document.getElementById(id);
const { picture: data, phrases } = JSON.parse(byId("picture").textContent);
const model = JSON.parse(byId("model").textContent);
const { nodes, links, measures } = data;
const languages = Object.keys(phrases);
const nodeKinds = new Map(data.node_kinds.map((kind) => [kind.code, kind]));
const linkKinds = new Map(data.link_kinds.map((kind) => [kind.code, kind]));
const remarks = [...data.remarks].sort((a, b) => b.severity - a.severity);

const FONT = '12px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const LABEL_LENGTH = 28;
const LABEL_HEIGHT = 15;
const TOP = 10;
const RESULTS = 30;
const LIGHT = { paper: "#ffffff", ink: "#1a1d21" };
const DARK = { paper: "#14171b", ink: "#e8eaed" };

const state = {
  language: languages.includes(data.language) ? data.language : "en",
  measure: measures.length ? measures[0].code : "",
  // The selected node first, then the other nodes of a finding.
  subjects: [],
  hovered: -1,
  offNodeKinds: new Set(),
  offLinkKinds: new Set(),
  minimum: 0,
  table: false,
  sort: { column: "size", descending: true },
  // The reader has zoomed or dragged: do not fit again.
  moved: false,
  dragging: false,
  printing: false,
};

/* ---- words ---- */

const say = (words) =>
  words[state.language] || words.en || Object.values(words).find(Boolean) || "";
const nameOf = (index) => nodes[index].names[state.language] || nodes[index].label;
const kindOf = (index) => nodeKinds.get(nodes[index].kind);

function phrase(key, values = {}) {
  const text = phrases[state.language][key] || phrases.en[key] || key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

function number(value) {
  if (value === null || value === undefined) return "–";
  const options = Number.isInteger(value) ? {} : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(state.language, options).format(value);
}

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const compare = (a, b) => a.localeCompare(b, state.language, { numeric: true });

const CYRILLIC = new Map((
  "аa бb вv гg ғg дd еe ёyo жj зz иi йy кk қq лl мm нn оo ўo пp рr сs тt уu фf хx ҳh цts чch шsh щsh"
  + " ъ ыi ь эe юyu яya"
).split(" ").map((pair) => [pair[0], pair.slice(1)]));

/* One spelling for search: Latin letters, no apostrophes, so that oʻ, o', ў and o meet. */
function fold(text) {
  return text
    .normalize("NFC")
    .toLowerCase()
    .replace(/[\u0400-\u04ff]/g, (letter) => CYRILLIC.get(letter) ?? letter)
    .replace(/['‘’ʻʼ`´ʹ′]/g, "")
    .replace(/ye/g, "e")
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/* ---- elements ---- */

/* Text among the children becomes text nodes, never markup. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

const listOf = (items, className) => element("ul", className, ...items);
const quiet = (text) => element("p", "quiet", text);

function button(className, action, ...children) {
  const made = element("button", className, ...children);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function option(value, text, chosen) {
  const made = element("option", "", text);
  made.value = value;
  made.selected = value === chosen;
  return made;
}

function unread(sign, className) {
  const made = element("span", className, sign);
  made.setAttribute("aria-hidden", "true");
  return made;
}

function drawing(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function glyph(width, ...shapes) {
  const frame = drawing("svg", { viewBox: `0 0 ${width} 16`, width, height: 16, "aria-hidden": true });
  frame.append(...shapes);
  return frame;
}

const POLYGONS = {
  square: "2.5,2.5 13.5,2.5 13.5,13.5 2.5,13.5",
  diamond: "8,1 15,8 8,15 1,8",
  triangle: "8,1.5 15,14 1,14",
  triangleDown: "8,14.5 15,2 1,2",
  star: "8,.5 9.9,5.4 15.1,5.7 11,9 12.4,14.1 8,11.2 3.6,14.1 5,9 .9,5.7 6.1,5.4",
  hexagon: "15,8 11.5,14.1 4.5,14.1 1,8 4.5,1.9 11.5,1.9",
};

function nodeGlyph({ shape, colour }) {
  const fill = readable(colour);
  const points = POLYGONS[shape];
  return glyph(16, points ? drawing("polygon", { points, fill }) : drawing("circle", { cx: 8, cy: 8, r: 6, fill }));
}

function linkGlyph({ colour, directed, dashed }) {
  const fill = readable(colour);
  const line = { x1: 1, y1: 8, x2: directed ? 20 : 25, y2: 8, stroke: fill, "stroke-width": 2 };
  if (dashed) line["stroke-dasharray"] = "5 3";
  const head = directed ? [drawing("polygon", { points: "19,4 26,8 19,12", fill })] : [];
  return glyph(27, drawing("line", line), ...head);
}

/* An address is a link only where it leads to the web. */
function reference({ title, address, row }) {
  const made = element("li", "");
  const target = URL.canParse(address) && new URL(address);
  if (target && /^https?:$/.test(target.protocol)) {
    const anchor = element("a", "", title || address);
    Object.assign(anchor, { href: target.href, target: "_blank", rel: "noopener noreferrer" });
    made.append(anchor);
  } else {
    made.append([title, address].filter(Boolean).join(" · "));
  }
  if (row) made.append(element("span", "quiet", ` · ${phrase("source_row", { row })}`));
  return made;
}

/* ---- colours ---- */

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const theme = () => (darkScheme.matches && !state.printing ? DARK : LIGHT);
const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function luminance(colour) {
  const [red, green, blue] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/* The colour itself, or the nearest towards the ink that stands out 3:1 from the paper. */
function readable(colour) {
  const { paper, ink } = theme();
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return ink;
  let shown = colour;
  for (let step = 1; contrast(shown, paper) < 3 && step <= 20; step += 1) {
    const mixed = channels(colour).map((channel, at) =>
      Math.round(channel + ((channels(ink)[at] - channel) * step) / 20));
    shown = `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
  }
  return shown;
}

/* ---- figures and visibility ---- */

const ranksOf = nodes.map((node) => new Map(node.ranks.map((rank) => [rank.measure, rank])));
const linksOf = nodes.map(() => []);
links.forEach((link, index) => {
  linksOf[link.source].push(index);
  if (link.target !== link.source) linksOf[link.target].push(index);
});
const highest = new Map(measures.map(({ code }) =>
  [code, Math.max(0, ...ranksOf.map((ranks) => ranks.get(code)?.value ?? 0))]));
const mostLinks = Math.max(1, ...linksOf.map((list) => list.length));
const mostUnranked = Math.max(1, ...linksOf.map((list, index) => (ranksOf[index].size ? 0 : list.length)));

let shownNodes = nodes.map(() => true);
let shownLinks = links.map(() => true);
let bySize = [];
let sizes = [];

const visible = () => bySize.filter((index) => shownNodes[index]);
const degree = (index) =>
  linksOf[index].filter((at) => !state.offLinkKinds.has(links[at].kind)).length;

const crowded = clamp((150 / nodes.length) ** 0.3, 0.55, 1);

/* A node that a measure does not reach, such as a cluster, is as big as it has links. */
function resize() {
  sizes = nodes.map((_, index) => {
    const ranks = ranksOf[index];
    const value = ranks.get(state.measure)?.value ?? 0;
    const share = ranks.size
      ? value / (highest.get(state.measure) || 1)
      : linksOf[index].length / mostUnranked;
    return crowded * (5.5 + 12.5 * Math.sqrt(clamp(share, 0, 1)));
  });
  bySize = nodes.map((_, index) => index).sort((a, b) => sizes[b] - sizes[a] || a - b);
}

function filter() {
  shownNodes = nodes.map((node, index) =>
    !state.offNodeKinds.has(node.kind) && degree(index) >= state.minimum);
  shownLinks = links.map((link) =>
    !state.offLinkKinds.has(link.kind) && shownNodes[link.source] && shownNodes[link.target]);
  if (state.subjects.some((index) => !shownNodes[index])) select([]);
  showCounts();
  restyle();
  if (state.table) showTable();
}

function showCounts() {
  const count = (list) => number(list.filter(Boolean).length);
  byId("counts").textContent = phrase("counts", {
    nodes: count(shownNodes),
    all_nodes: number(nodes.length),
    links: count(shownLinks),
    all_links: number(links.length),
  });
}

/* ---- the network ---- */

const stage = byId("stage");
let network = null;
let visNodes = null;
let visEdges = null;
let fitScale = 1;
// The nodes that a selection leaves bright, or null for all.
let emphasised = null;

function start() {
  visNodes = new vis.DataSet(model.nodes);
  visEdges = new vis.DataSet(model.edges);
  network = new vis.Network(byId("network"), { nodes: visNodes, edges: visEdges }, model.options);
  network.on("beforeDrawing", keepScreenSize);
  network.on("afterDrawing", drawOver);
  network.on("click", ({ nodes: [index] }) => {
    network.canvas.frame.focus({ preventScroll: true });
    select(index === undefined ? [] : [index]);
  });
  network.on("dragStart", () => {
    state.dragging = true;
    state.moved = true;
    hideTip();
  });
  network.on("dragEnd", () => {
    state.dragging = false;
    network.redraw();
  });
  network.on("zoom", () => zoomTo(network.getScale()));
  network.on("resize", () => {
    if (!state.moved) fit();
  });
  const { frame } = network.canvas;
  frame.setAttribute("role", "application");
  frame.addEventListener("pointerleave", hideTip);
  frame.addEventListener("pointermove", ({ offsetX: x, offsetY: y }) => {
    if (!state.dragging) hover({ x, y });
  });
}

const middle = (index) => network.canvasToDOM(network.body.nodes[index]);

/* Nodes grow slower than the picture: zooming in gives room instead of blots. */
const radius = (index) =>
  sizes[index] * clamp((network.getScale() / fitScale) ** 0.3, 0.6, 1.6);

/* vis-network measures nodes, lines and arrows in units of the picture; the page wants pixels.
   This runs before each frame and sets plain fields, which a DataSet update would be too slow for. */
function keepScreenSize() {
  const scale = network.getScale();
  nodes.forEach((_, index) => {
    const drawn = network.body.nodes[index];
    const size = radius(index) / scale;
    if (drawn.options.size !== size) {
      drawn.options.size = size;
      drawn.needsRefresh();
    }
  });
  links.forEach((link, index) => {
    const { dashed } = linkKinds.get(link.kind);
    const { options } = network.body.edges[index];
    options.width = (dashed ? 1.6 : 1.1) / scale;
    options.dashes = dashed ? [6 / scale, 4 / scale] : false;
    options.arrows.to.scaleFactor = 0.5 / scale;
  });
}

/* Brings filters, selection, language and colours to the network. */
function restyle() {
  emphasised = state.subjects.length ? new Set(state.subjects) : null;
  const bright = links.map((link, index) => {
    const touches = state.subjects.includes(link.source) || state.subjects.includes(link.target);
    if (touches && shownLinks[index]) emphasised.add(link.source).add(link.target);
    return !emphasised || touches;
  });
  const busy = links.length > 400 && !emphasised;
  visNodes.update(nodes.map((node, index) => {
    const background = readable(kindOf(index).colour);
    return {
      id: index,
      hidden: !shownNodes[index],
      opacity: !emphasised || emphasised.has(index) ? 1 : 0.16,
      color: { background, border: theme().paper },
    };
  }));
  visEdges.update(links.map((link, index) => ({
    id: index,
    hidden: !shownLinks[index],
    color: {
      color: readable(linkKinds.get(link.kind).colour),
      opacity: bright[index] ? (busy && !linkKinds.get(link.kind).dashed ? 0.6 : 1) : 0.07,
    },
  })));
  labelsFor = "";
  network.redraw();
}

function fit(indices = visible(), limit = 4) {
  const { clientWidth: width, clientHeight: height } = stage;
  if (!indices.length || !width || !height) return;
  const xs = indices.map((index) => network.body.nodes[index].x);
  const ys = indices.map((index) => network.body.nodes[index].y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const room = [width - 2 * Math.min(80, width * 0.12), height - 2 * Math.min(48, height * 0.12)];
  const scale = Math.min(limit, room[0] / (right - left || 1), room[1] / (bottom - top || 1));
  if (indices.length === visible().length) fitScale = scale;
  network.moveTo({ position: { x: (left + right) / 2, y: (top + bottom) / 2 }, scale });
}

function zoomTo(wanted) {
  const scale = clamp(wanted, fitScale / 4, fitScale * 15);
  state.moved = true;
  hideTip();
  if (scale !== network.getScale()) network.moveTo({ scale });
}

const zoomBy = (factor) => zoomTo(network.getScale() * factor);

function fitAgain() {
  state.moved = false;
  fit();
}

/* ---- labels: drawn by the page, so that none covers another ---- */

// Index, text and place relative to the node.
let labels = [];
// What was drawn last, in pixels.
let boxes = [];
// The view that the labels were laid out for.
let labelsFor = "";
const widths = new Map();

function shorten(text) {
  const letters = Array.from(text.replace(/\s+/g, " ").trim());
  if (letters.length <= LABEL_LENGTH) return letters.join("");
  return `${letters.slice(0, LABEL_LENGTH - 1).join("").trimEnd()}…`;
}

function widthOf(context, text) {
  if (!widths.has(text)) widths.set(text, Math.ceil(context.measureText(text).width) + 4);
  return widths.get(text);
}

/* Rectangles in a grid of cells, to find quickly what one would cover. */
class Ground {
  constructor() {
    this.cells = new Map();
  }
  *around(box) {
    for (let x = Math.floor(box.left / 80); x <= (box.left + box.width) / 80; x += 1) {
      for (let y = Math.floor(box.top / 40); y <= (box.top + box.height) / 40; y += 1) yield `${x} ${y}`;
    }
  }
  add(box) {
    for (const cell of this.around(box)) {
      if (!this.cells.has(cell)) this.cells.set(cell, []);
      this.cells.get(cell).push(box);
    }
  }
  free(box, owner, bigOnly) {
    for (const cell of this.around(box)) {
      for (const other of this.cells.get(cell) || []) {
        const apart = box.left >= other.left + other.width || other.left >= box.left + box.width
          || box.top >= other.top + other.height || other.top >= box.top + box.height;
        if (!apart && other.owner !== owner && (other.big || !bigOnly)) return false;
      }
    }
    return true;
  }
}

const big = (index) => sizes[index] >= 10 * crowded;

/* Where a label stands relative to its node: below, above, right or left of it. */
function labelPlace(index, width, glyphs, texts) {
  const { x, y } = middle(index);
  const chosen = state.subjects.includes(index);
  const away = radius(index) + (chosen ? 6 : 2);
  const half = LABEL_HEIGHT / 2;
  const free = [[-width / 2, away], [-width / 2, -away - 2 * half], [away, -half], [-away - width, -half]]
    .map(([dx, dy]) => ({ index, dx, dy, left: x + dx, top: y + dy, width, height: LABEL_HEIGHT, owner: -1 }))
    .filter((box) => box.left >= 2 && box.left + width <= stage.clientWidth - 2
      && box.top >= 2 && box.top + LABEL_HEIGHT <= stage.clientHeight - 2 && texts.free(box, index));
  // The name of a big node is worth covering a small one; that of a chosen or very big one, any.
  return free.find((box) => glyphs.free(box, index)) || (big(index) && free.find((box) =>
    glyphs.free(box, index, true))) || ((chosen || bySize.indexOf(index) < 2) && free[0]);
}

function layOut(context) {
  const candidates = [...new Set([...state.subjects, ...bySize])].filter((index) =>
    shownNodes[index] && (!emphasised || emphasised.has(index)));
  const glyphs = new Ground();
  const texts = new Ground();
  const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = byId("zoom");
  texts.add({ left, top, width, height, owner: -1 });
  for (const index of candidates) {
    const { x, y } = middle(index);
    const size = radius(index);
    glyphs.add({ left: x - size, top: y - size, width: 2 * size, height: 2 * size, owner: index, big: big(index) });
  }
  labels = [];
  const limit = (stage.clientWidth * stage.clientHeight) / 7000;
  for (const index of candidates) {
    if (labels.length >= limit) break;
    const text = shorten(nameOf(index));
    const place = text && labelPlace(index, widthOf(context, text), glyphs, texts);
    if (!place) continue;
    texts.add(place);
    labels.push({ ...place, text });
  }
}

function drawOver(context) {
  const { canvas } = context;
  const ratio = canvas.width / canvas.clientWidth;
  const view = network.getViewPosition();
  const seen = [network.getScale(), view.x, view.y, canvas.width, canvas.height].join(" ");
  context.save();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = FONT;
  // While the picture is dragged the labels go with their nodes, instead of jumping about.
  if (!state.dragging && labelsFor !== seen) {
    layOut(context);
    labelsFor = seen;
  }
  drawRings(context);
  drawLabels(context);
  context.restore();
}

function drawRings(context) {
  context.strokeStyle = theme().ink;
  context.lineWidth = 2.5;
  for (const index of new Set([...state.subjects, state.hovered])) {
    if (index < 0 || !shownNodes[index]) continue;
    const { x, y } = middle(index);
    context.beginPath();
    context.arc(x, y, radius(index) * 1.15 + 4, 0, 2 * Math.PI);
    context.stroke();
  }
}

function drawLabels(context) {
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3.5;
  context.strokeStyle = theme().paper;
  context.fillStyle = theme().ink;
  boxes = labels.map(({ index, text, dx, dy, width, height }) => {
    const { x, y } = middle(index);
    const box = { text, left: x + dx, top: y + dy, width, height };
    context.strokeText(text, box.left + 2, box.top + height / 2);
    context.fillText(text, box.left + 2, box.top + height / 2);
    return box;
  });
}

/* ---- the tip at the pointer ---- */

const nodeTip = (index) => [nameOf(index), `${say(kindOf(index).label)} · ${phrase("links")}: ${number(degree(index))}`];

function linkTip(index) {
  const link = links[index];
  const kind = linkKinds.get(link.kind);
  const arrow = kind.directed ? "→" : "–";
  return [`${nameOf(link.source)} ${arrow} ${nameOf(link.target)}`, say(kind.label), say(link.detail)];
}

function showTip([first, ...rest], { x, y }) {
  const tip = byId("tip");
  tip.replaceChildren(element("b", "", first), ...rest.filter(Boolean).map((line) => element("span", "", line)));
  tip.hidden = false;
  tip.style.left = `${clamp(x + 14, 4, stage.clientWidth - tip.offsetWidth - 4)}px`;
  const below = y + 16 + tip.offsetHeight <= stage.clientHeight;
  tip.style.top = `${Math.max(4, below ? y + 16 : y - 12 - tip.offsetHeight)}px`;
}

function hideTip() {
  state.hovered = -1;
  byId("tip").hidden = true;
}

/* vis-network forgets to end a hover where the pointer leaves the canvas, so the page looks itself. */
function hover(place) {
  const before = state.hovered;
  const node = network.getNodeAt(place);
  const link = node === undefined ? network.getEdgeAt(place) : undefined;
  hideTip();
  state.hovered = node ?? -1;
  if (node !== undefined) showTip(nodeTip(node), place);
  else if (link !== undefined) showTip(linkTip(link), place);
  network.canvas.frame.style.cursor = byId("tip").hidden ? "" : "pointer";
  if (before !== state.hovered) network.redraw();
}

/* ---- selection ---- */

function select(subjects, { zoom = false } = {}) {
  state.subjects = subjects;
  hideTip();
  if (subjects.some((index) => !shownNodes[index])) reveal(subjects);
  restyle();
  showPanel();
  const [index] = subjects;
  const address = index === undefined ? "#" : `#n=${encodeURIComponent(nodes[index].iri)}`;
  // Where history is closed to the page, as in some embedded viewers, only the address is lost.
  try {
    history.replaceState(null, "", address);
  } catch {
    // The selection itself stands.
  }
  showReadout();
  if (zoom && subjects.length && !state.table) {
    const near = subjects.length > 1 ? subjects : [...emphasised];
    state.moved = true;
    fit(near, fitScale * 3);
  }
}

function showReadout() {
  const [index] = state.subjects;
  byId("readout").textContent = index === undefined ? phrase("hint") : phrase("selected", {
    name: nameOf(index), kind: say(kindOf(index).label), n: number(degree(index)),
  });
}

/* A node that the filters hide is brought back when it is asked for. */
function reveal(subjects) {
  for (const index of subjects) {
    state.offNodeKinds.delete(nodes[index].kind);
    state.minimum = Math.min(state.minimum, degree(index));
  }
  showFilters();
  filter();
}

function selectFromAddress() {
  const [, asked] = /^#n=(.+)$/.exec(location.hash) || [];
  if (!asked) return;
  let iri = asked;
  try {
    iri = decodeURIComponent(asked);
  } catch {
    // An address that was not encoded is taken as it stands.
  }
  const index = nodes.findIndex((node) => node.iri === iri);
  if (index >= 0 && index !== state.subjects[0]) select([index], { zoom: true });
}

function step(by) {
  const order = visible();
  if (!order.length) return;
  const at = order.indexOf(state.subjects[0]);
  const next = at < 0 && by < 0 ? order.length - 1 : (at + by + order.length) % order.length;
  select([order[next]], { zoom: true });
}

/* ---- left: legend and filters ---- */

function legendRow(kind, glyphOf, off, count) {
  const box = element("input", "");
  box.type = "checkbox";
  box.checked = !off.has(kind.code);
  box.addEventListener("change", () => {
    off[box.checked ? "delete" : "add"](kind.code);
    filter();
    byId("readout").textContent = byId("counts").textContent;
  });
  const [label, figure] = [element("span", "grow", say(kind.label)), element("span", "count", number(count))];
  return element("label", "row", box, glyphOf(kind), label, figure);
}

function legend(place, kinds, items, glyphOf, off) {
  const counts = new Map();
  for (const { kind } of items) counts.set(kind, (counts.get(kind) || 0) + 1);
  const present = kinds.filter(({ code }) => counts.has(code));
  place.replaceChildren(...present.map((kind) => legendRow(kind, glyphOf, off, counts.get(kind.code))));
}

function showFilters() {
  legend(byId("node-kinds"), data.node_kinds, nodes, nodeGlyph, state.offNodeKinds);
  legend(byId("link-kinds"), data.link_kinds, links, linkGlyph, state.offLinkKinds);
  byId("measure-choice").hidden = !measures.length;
  byId("measure").replaceChildren(...measures.map(({ code, label }) => option(code, say(label), state.measure)));
  const measure = measures.find(({ code }) => code === state.measure);
  byId("meaning").textContent = measure ? say(measure.meaning) : "";
  byId("minimum").max = mostLinks;
  byId("minimum").value = state.minimum;
  byId("minimum-shown").textContent = number(state.minimum);
}

/* ---- right: facts ---- */

const section = (title, ...content) => element("section", "", element("h2", "", title), ...content);

function overview() {
  const measure = measures.find(({ code }) => code === state.measure);
  const ranked = nodes.map((_, index) => ({ ...ranksOf[index].get(state.measure), index }))
    .filter(({ rank }) => rank !== undefined)
    .sort((a, b) => a.rank - b.rank || compare(nameOf(a.index), nameOf(b.index)));
  if (!ranked.length) return [findings(remarks)];
  const first = ranked.slice(0, TOP);
  const { rank } = first[first.length - 1];
  const cut = ranked.slice(TOP).filter((other) => other.rank === rank).length;
  const title = phrase("top", { n: number(first.length), measure: say(measure.label) });
  const top = section(title, listOf(first.map(topRow), "top"));
  if (cut) top.append(quiet(phrase("tie_cut", { n: number(cut), rank: number(rank) })));
  return [top, findings(remarks)];
}

function topRow({ index, value, rank }) {
  return element("li", "",
    element("span", "place", number(rank)),
    button("link grow", () => select([index], { zoom: true }), nameOf(index)),
    element("span", "count", number(value)));
}

function findings(list) {
  const title = `${phrase("findings")} · ${number(list.length)}`;
  if (!list.length) return section(title, quiet(phrase("no_findings")));
  return section(title, listOf(list.map((remark) => {
    const show = () => select([...new Set(remark.subjects)], { zoom: true });
    return element("li", "finding", element("b", "", say(remark.label)), button("link", show, say(remark.text)));
  }), ""));
}

function rankRow(index, { code, label, meaning }) {
  const { value, rank, tied } = ranksOf[index].get(code);
  const place = element("b", "", phrase("rank", { rank: number(rank) }));
  const figure = element("span", "count", `${number(value)} · `, place);
  const filled = element("i", "");
  filled.style.width = `${clamp((100 * value) / (highest.get(code) || 1), 0, 100)}%`;
  const row = element("div", "figure",
    element("div", "line", element("span", "grow", say(label)), figure), element("div", "bar", filled));
  row.title = say(meaning);
  if (tied > 1) row.append(quiet(phrase("tied", { n: number(tied - 1) })));
  return row;
}

function partnerRow(link, index) {
  const outgoing = link.source === index;
  const partner = outgoing ? link.target : link.source;
  const [sign, word] = !linkKinds.get(link.kind).directed ? ["–", phrase("mutual")]
    : outgoing ? ["→", phrase("outgoing")] : ["←", phrase("incoming")];
  const open = () => select([partner], { zoom: true });
  const body = element("div", "grow", button("link", open, element("span", "unseen", `${word}: `), nameOf(partner)));
  if (say(link.detail)) body.append(quiet(say(link.detail)));
  if (link.references.length) body.append(listOf(link.references.map(reference), "references"));
  return element("li", "partner", unread(sign, "arrow"), body);
}

function partners(index) {
  return data.link_kinds.flatMap((kind) => {
    const own = linksOf[index].map((at) => links[at]).filter((link) => link.kind === kind.code);
    if (!own.length) return [];
    const title = element("span", "", `${say(kind.label)} · ${number(own.length)}`);
    const heading = element("h2", "", linkGlyph(kind), title);
    return [element("section", "", heading, listOf(own.map((link) => partnerRow(link, index)), ""))];
  });
}

function factsOf(index) {
  const node = nodes[index];
  const clear = button("clear", () => select([]), "×");
  clear.ariaLabel = clear.title = phrase("clear");
  const kind = element("span", "grow", say(kindOf(index).label));
  const facts = node.facts.flatMap(([label, value]) => [element("dt", "", say(label)), element("dd", "", say(value))]);
  const ranked = measures.filter(({ code }) => ranksOf[index].has(code));
  const about = remarks.filter(({ subjects }) => subjects.includes(index));
  return [
    element("div", "kind", nodeGlyph(kindOf(index)), kind, clear),
    element("h2", "name", nameOf(index)),
    element("dl", "", ...facts),
    ...(ranked.length ? [section(phrase("ranks"), ...ranked.map((measure) => rankRow(index, measure)))] : []),
    ...(about.length ? [findings(about)] : []),
    ...partners(index),
    ...(node.references.length ? [section(phrase("sources"), listOf(node.references.map(reference), "sources"))] : []),
  ];
}

function showPanel() {
  const panel = byId("panel");
  const [index] = state.subjects;
  panel.replaceChildren(...(index === undefined ? overview() : factsOf(index)));
  panel.scrollTop = 0;
}

/* ---- the table ---- */

function columns() {
  const plain = [
    { code: "name", title: phrase("name"), value: nameOf },
    { code: "kind", title: phrase("kind"), value: (index) => say(kindOf(index).label) },
    { code: "links", title: phrase("links"), value: degree, figure: true },
  ];
  return [...plain, ...measures.map(({ code, label }) => ({
    code: `measure ${code}`, title: say(label), figure: true,
    value: (index) => ranksOf[index].get(code)?.value ?? null,
    rank: (index) => ranksOf[index].get(code)?.rank,
  }))];
}

function sorted(shown) {
  const column = shown.find(({ code }) => code === state.sort.column);
  const rows = visible();
  if (!column) return rows;
  const sign = state.sort.descending ? -1 : 1;
  return rows.sort((a, b) => {
    const [one, other] = [column.value(a), column.value(b)];
    // Last either way.
    if (one === null || other === null) return (one === null) - (other === null);
    return sign * (column.figure ? one - other : compare(one, other));
  });
}

function headCell({ code, title, figure }) {
  const current = state.sort.column === code;
  const { descending } = state.sort;
  const sort = button("", () => {
    state.sort = { column: code, descending: current ? !descending : Boolean(figure) };
    showTable();
    byId("table").querySelector(`th:nth-child(${cell.cellIndex + 1}) button`).focus();
  }, title, unread(current ? (descending ? " ↓" : " ↑") : "", ""));
  const cell = element("th", figure ? "figure-cell" : "", sort);
  cell.scope = "col";
  cell.ariaSort = current ? (descending ? "descending" : "ascending") : "none";
  return cell;
}

function bodyCell(index, { code, value, rank, figure }) {
  if (code === "name") {
    const cell = element("th", "", button("link", () => select([index]), nameOf(index)));
    cell.scope = "row";
    return cell;
  }
  const place = rank?.(index);
  const small = place ? [element("small", "", ` ${phrase("rank", { rank: number(place) })}`)] : [];
  return element("td", figure ? "figure-cell" : "", figure ? number(value(index)) : value(index), ...small);
}

function showTable() {
  const shown = columns();
  const rows = sorted(shown).map((index) => element("tr", "", ...shown.map((column) => bodyCell(index, column))));
  byId("table").replaceChildren(element("table", "",
    element("caption", "unseen", phrase("table_caption")),
    element("thead", "", element("tr", "", ...shown.map(headCell))),
    element("tbody", "", ...rows)));
}

function view(table) {
  state.table = table;
  byId("network").inert = table;
  byId("zoom").hidden = table;
  byId("table").hidden = !table;
  byId("save").disabled = table;
  byId("show-table").setAttribute("aria-pressed", table);
  byId("show-network").setAttribute("aria-pressed", !table);
  hideTip();
  if (table) showTable();
}

/* ---- search ---- */

const spellings = nodes.map((node) => fold([node.label, ...Object.values(node.names)].join("\n")));
const searchField = byId("search");
const resultList = byId("results");
let results = [];
let chosen = 0;

function find(text) {
  const wanted = fold(text);
  if (!wanted) return [];
  const matches = bySize.filter((index) => spellings[index].includes(wanted));
  const begins = (index) => fold(nameOf(index)).startsWith(wanted);
  return [...matches.filter(begins), ...matches.filter((index) => !begins(index))].slice(0, RESULTS);
}

function showResults() {
  const asked = Boolean(searchField.value.trim());
  const items = results.map((index, at) => {
    const { label } = kindOf(index);
    const item = element("li", "",
      nodeGlyph(kindOf(index)), element("span", "grow", nameOf(index)), element("small", "", say(label)));
    item.id = `result-${at}`;
    item.role = "option";
    item.ariaSelected = at === chosen;
    // Before the field loses the focus, which closes the list.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      choose(at);
    });
    return item;
  });
  if (!items.length) items.push(element("li", "quiet", phrase("search_none")));
  resultList.replaceChildren(...items);
  closeResults(!asked);
  if (results.length) searchField.setAttribute("aria-activedescendant", `result-${chosen}`);
  resultList.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}

function closeResults(closed = true) {
  resultList.hidden = closed;
  searchField.ariaExpanded = !closed;
  searchField.removeAttribute("aria-activedescendant");
}

function choose(at) {
  if (results[at] === undefined) return;
  select([results[at]], { zoom: true });
  closeResults();
}

function searchKey(event) {
  const last = results.length - 1;
  if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, Math.max(0, last));
  else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
  else if (event.key === "Enter") return choose(chosen);
  else if (event.key === "Escape") {
    searchField.value = "";
    results = [];
    closeResults();
    return searchField.blur();
  } else return undefined;
  event.preventDefault();
  return showResults();
}

/* ---- saving and printing ---- */

function wrap(context, text, width) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.filter(Boolean);
}

/* The picture with its title and note below, so that it keeps its meaning elsewhere. */
function save() {
  const drawn = network.canvas.frame.canvas;
  const { clientWidth: width, clientHeight: height } = drawn;
  const ratio = drawn.width / width;
  const sheet = element("canvas", "");
  const context = sheet.getContext("2d");
  context.font = FONT;
  const lines = [say(data.title), byId("counts").textContent, byId("note").textContent]
    .flatMap((text) => wrap(context, text, width - 32));
  sheet.width = drawn.width;
  sheet.height = Math.ceil((height + 17 * lines.length + 16) * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = theme().paper;
  context.fillRect(0, 0, width, sheet.height);
  context.drawImage(drawn, 0, 0, width, height);
  context.font = FONT;
  context.fillStyle = theme().ink;
  lines.forEach((line, at) => context.fillText(line, 16, height + 17 * (at + 1)));
  sheet.toBlob((blob) => {
    const anchor = element("a", "");
    anchor.href = URL.createObjectURL(blob);
    anchor.download = "klaster.png";
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  });
}

/* ---- language ---- */

function translate() {
  document.documentElement.lang = state.language;
  document.title = say(data.title);
  byId("title").textContent = say(data.title);
  const revision = phrase("revision", { revision: data.revision });
  byId("note").textContent = [say(data.note), data.revision && revision].filter(Boolean).join(" · ");
  for (const made of document.querySelectorAll("[data-phrase]")) made.textContent = phrase(made.dataset.phrase);
  for (const made of document.querySelectorAll("[data-label]")) {
    made.setAttribute("aria-label", phrase(made.dataset.label));
    if (made.localName === "button") made.title = phrase(made.dataset.label);
  }
  searchField.placeholder = phrase(searchField.dataset.placeholder);
  network.canvas.frame.setAttribute("aria-label", phrase("canvas"));
  showFilters();
  showCounts();
  showPanel();
  if (state.table) showTable();
  showReadout();
  labelsFor = "";
  network.redraw();
}

function showAll() {
  translate();
  restyle();
}

/* ---- controls ---- */

const KEYS = {
  "/": () => searchField.focus(),
  n: () => step(1),
  p: () => step(-1),
  "+": () => zoomBy(1.3),
  "-": () => zoomBy(1 / 1.3),
  0: fitAgain,
  Escape: () => select([]),
};

function pageKey(event) {
  const typing = event.target instanceof Element && event.target.closest("input[type=search], select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

const on = (id, type, action) => byId(id).addEventListener(type, action);

function listen() {
  document.addEventListener("keydown", pageKey);
  on("search", "keydown", searchKey);
  on("search", "input", () => {
    results = find(searchField.value);
    chosen = 0;
    showResults();
  });
  on("search", "blur", () => closeResults());
  on("show-network", "click", () => view(false));
  on("show-table", "click", () => view(true));
  on("save", "click", save);
  on("print", "click", () => window.print());
  on("zoom-in", "click", KEYS["+"]);
  on("zoom-out", "click", KEYS["-"]);
  on("zoom-fit", "click", KEYS[0]);
  on("language", "change", (event) => {
    state.language = event.target.value;
    translate();
  });
  on("measure", "change", (event) => {
    state.measure = event.target.value;
    resize();
    showAll();
  });
  on("minimum", "input", (event) => {
    state.minimum = Number(event.target.value);
    byId("minimum-shown").textContent = number(state.minimum);
    filter();
  });
  darkScheme.addEventListener("change", showAll);
  for (const name of ["beforeprint", "afterprint"]) {
    window.addEventListener(name, () => {
      state.printing = name === "beforeprint";
      showAll();
    });
  }
  window.addEventListener("hashchange", selectFromAddress);
}

byId("page").hidden = false;
byId("language").replaceChildren(...languages.map((code) =>
  option(code, phrases[code].language_name, state.language)));
resize();
start();
translate();
filter();
fit();
listen();
selectFromAddress();

/* Read only: for tests that ask what is drawn where. */
window.klasterPage = Object.freeze({
  labelBoxes: () => boxes.map((box) => ({ ...box })),
  visible: () => visible().sort((a, b) => a - b),
  place: (index) => ({ ...middle(index) }),
  scale: () => network.getScale(),
  selected: () => [...state.subjects],
});
