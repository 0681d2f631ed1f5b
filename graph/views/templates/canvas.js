/* ---- the canvas: vis-network draws a scene; the frame keeps sizes in pixels and adds the rest ---- */

const FONT_FAMILY = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const stage = byId("stage");
const ARROWS = 400;
let scene = { kind: "network", marks: [], ties: [], place: new Map() };
let network = null;
// What vis-network holds of each mark and tie.
let drawnMarks = [];
let drawnTies = [];
let fitScale = 1;
// The marks that a selection leaves bright, or null for all.
let emphasised = null;
let stylesFor = "";
let settling = 0;
// Not while vis-network takes the marks of another scene: it draws in between.
let ready = false;

function start() {
  network = new vis.Network(byId("network"), { nodes: [], edges: [] }, model.options);
  network.on("beforeDrawing", (context) => {
    if (!ready) return;
    keepScreenSize();
    drawUnder(context);
  });
  network.on("afterDrawing", (context) => ready && drawOver(context));
  network.on("click", ({ nodes: [mark] }) => {
    network.canvas.frame.focus({ preventScroll: true });
    pick(mark);
  });
  network.on("doubleClick", ({ nodes: [mark] }) => mark !== undefined && enter(scene.marks[mark]));
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

/* Brings what is chosen to the canvas: another scene, and all of it in view unless it is the same. */
function draw({ keep = false } = {}) {
  ready = false;
  scene = buildScene();
  stylesFor = labelsFor = "";
  const busy = scene.ties.length > 1200;
  network.setOptions({ interaction: { hideEdgesOnDrag: busy, hideEdgesOnZoom: busy } });
  network.setData({
    nodes: scene.marks.map(({ x, y, shape, radius }, id) => ({
      id, x, y, shape: shape === "circle" ? "dot" : shape, size: radius || 10, label: undefined,
      color: { background: "#888888", border: "#888888" },
    })),
    edges: scene.ties.map(visTie),
  });
  drawnMarks = scene.marks.map((_, id) => network.body.nodes[id]);
  drawnTies = scene.ties.map((_, id) => network.body.edges[id]);
  scene.hulls = hullsOf(scene);
  scene.tray = trayOf(scene);
  ready = true;
  showNotice();
  restyle();
  if (!keep) fitAgain();
}

function visTie({ link, from, to, bend: bent, count, policy }, id) {
  const kind = link < 0 ? { directed: false } : linkKinds[column.linkKind[link]];
  const tie = { id, from, to, color: { color: "#888888", opacity: 1, inherit: false } };
  tie.arrows = { to: { enabled: kind.directed, scaleFactor: 0.5 } };
  tie.width = 1;
  if (bent) tie.smooth = { enabled: true, type: bent > 0 ? "curvedCW" : "curvedCCW", roundness: Math.abs(bent) };
  return tie;
}

const middle = (mark) => network.canvasToDOM(drawnMarks[mark]);

/* Nodes grow slower than the picture: zooming in gives room instead of blots. A bubble is part of
   the picture and grows with it. */
function radius(mark) {
  const { radius: own, node } = scene.marks[mark];
  const scale = network.getScale();
  if (own) return own * scale;
  // Neighbours stand a spacing apart: with the whole in view, no mark covers another's middle.
  const crowded = clamp((SPACING * fitScale) / 33, 0.5, 1);
  return crowded * (5.5 + 12.5 * sizes[node]) * clamp((scale / fitScale) ** 0.4, 0.6, 1.8 / crowded ** 0.5);
}

/* vis-network measures nodes, lines and arrows in units of the picture; the page wants pixels.
   This runs before each frame and sets plain fields, which a DataSet update would be too slow for. */
function keepScreenSize() {
  const scale = network.getScale();
  const wanted = `${scale} ${fitScale} ${state.measure} ${scene.marks.length}`;
  if (stylesFor === wanted) return;
  stylesFor = wanted;
  drawnMarks.forEach((drawn, mark) => {
    drawn.options.size = radius(mark) / scale;
    drawn.needsRefresh();
  });
  drawnTies.forEach((drawn, at) => {
    const { link, count, policy } = scene.ties[at];
    const dashed = policy || (link >= 0 && linkKinds[column.linkKind[link]].dashed);
    const { options } = drawn;
    options.width = (count && !policy ? clamp(Math.sqrt(count) * 0.7, 1, 12) : dashed ? 1.6 : 1.1) / scale;
    options.dashes = dashed ? [6 / scale, 4 / scale] : false;
    options.arrows.to.scaleFactor = 0.4 / scale;
  });
  // vis-network ends a line where its arrow head began in the frame before: once more when all is still.
  clearTimeout(settling);
  settling = setTimeout(() => network.redraw(), 120);
}

const isChosen = ({ node, group }) =>
  (node >= 0 ? state.subjects.includes(node) : group === state.picked);

/* Brings selection, language and colours to what is drawn. */
function restyle() {
  const chosen = scene.marks.map(isChosen);
  emphasised = chosen.some(Boolean) ? new Set(chosen.flatMap((is, mark) => (is ? [mark] : []))) : null;
  const crowd = scene.ties.length;
  const faint = clamp(9 / Math.sqrt(crowd || 1), 0.08, 1);
  const touching = scene.ties.map(({ from, to }) => chosen[from] || chosen[to]);
  scene.ties.forEach(({ from, to }, at) => {
    if (emphasised && touching[at]) emphasised.add(from).add(to);
  });
  const { paper } = theme();
  drawnMarks.forEach(({ options }, mark) => {
    options.color.background = markColour(scene.marks[mark]);
    options.color.border = paper;
    options.opacity = !emphasised || emphasised.has(mark) ? 1 : 0.16;
  });
  drawnTies.forEach(({ options }, at) => {
    const { link, policy } = scene.ties[at];
    const kind = link < 0 ? null : linkKinds[column.linkKind[link]];
    options.color.color = readable(kind ? kind.colour : policy ? "#8a5a00" : "#8a929b");
    const own = kind?.layer === "policy" || policy ? 0.4 : kind?.dashed ? 1 : kind ? faint : 0.5;
    options.color.opacity = emphasised ? (touching[at] ? 1 : 0.06) : own;
    // Very many arrow heads are a blot; those of a selection tell something.
    options.arrows.to.enabled = Boolean(kind?.directed) && (crowd <= ARROWS || Boolean(touching[at]));
  });
  labelsFor = "";
  network.redraw();
}

const markColour = ({ node, group }) => (node < 0 ? readable(groupColour(group)) : colourOf(node));

/* ---- what is in view ---- */

function extent(marks) {
  const reach = marks.map((mark) => scene.marks[mark].radius || 0);
  const all = marks.map((mark) => scene.marks[mark]);
  return {
    left: Math.min(...all.map(({ x }, at) => x - reach[at])), right: Math.max(...all.map(({ x }, at) => x + reach[at])),
    top: Math.min(...all.map(({ y }, at) => y - reach[at]), ...(scene.titles || []).map(({ y }) => y)),
    bottom: Math.max(...all.map(({ y }, at) => y + reach[at])),
  };
}

function fit(marks = scene.marks.map((_, mark) => mark), limit = scene.kind === "overview" ? 1.6 : 2.2) {
  const { clientWidth: width, clientHeight: height } = stage;
  if (!marks.length || !width || !height) return;
  const { left, right, top, bottom } = extent(marks);
  // The line that says where the reader is stands at the top, the notice at the bottom.
  const above = byId("crumbs").hidden ? 0 : 36;
  const below = byId("notice").hidden ? 0 : 24;
  const high = height - above - below;
  const room = [width - 2 * Math.min(80, width * 0.12), high - 2 * Math.min(52, high * 0.12)];
  const scale = Math.min(limit, room[0] / (right - left || 1), room[1] / (bottom - top || 1));
  if (marks.length === scene.marks.length) fitScale = scale;
  const lift = (above - below) / 2 / scale;
  network.moveTo({ position: { x: (left + right) / 2, y: (top + bottom) / 2 - lift }, scale });
}

function zoomTo(wanted) {
  const scale = clamp(wanted, fitScale / 4, Math.max(fitScale * 15, 2));
  state.moved = true;
  hideTip();
  if (scale !== network.getScale()) network.moveTo({ scale });
}

const zoomBy = (factor) => zoomTo(network.getScale() * factor);

function fitAgain() {
  state.moved = false;
  fit();
}

/* ---- outlines of groups, and the tray of those without a link ---- */

function outlineGrouping(marks) {
  if (state.outline === "none") return -1;
  if (state.outline !== "auto") return Number(state.outline);
  // The first grouping whose groups stand together; outlines across each other tell nothing.
  return groupings.findIndex((_, at) => tight(marks, at));
}

function tight(marks, grouping) {
  const boxes = groupBoxes(marks, grouping);
  let [inside, own] = [0, 0];
  for (const [group, box] of boxes) {
    for (const { node, x, y } of marks) {
      if (x < box.left || x > box.right || y < box.top || y > box.bottom) continue;
      inside += 1;
      if (mainGroup(grouping, node) === group || standsFor[grouping].get(node) === group) own += 1;
    }
  }
  return boxes.size > 0 && own >= 0.6 * inside;
}

function groupBoxes(marks, grouping) {
  const boxes = new Map();
  for (const { node, x, y } of marks) {
    const group = standsFor[grouping].get(node) ?? mainGroup(grouping, node);
    if (group < 0) continue;
    const box = boxes.get(group) || { left: x, right: x, top: y, bottom: y, points: [] };
    boxes.set(group, {
      left: Math.min(box.left, x), right: Math.max(box.right, x),
      top: Math.min(box.top, y), bottom: Math.max(box.bottom, y), points: [...box.points, [x, y]],
    });
  }
  for (const [group, { points }] of boxes) if (points.length < 3) boxes.delete(group);
  return boxes;
}

function hullsOf({ kind, marks }) {
  if (kind !== "network" || state.group >= 0) return [];
  const grouping = outlineGrouping(marks);
  if (grouping < 0) return [];
  return [...groupBoxes(marks, grouping)]
    .sort((a, b) => b[1].points.length - a[1].points.length).slice(0, 60)
    .map(([group, { points }]) => ({ grouping, group, points: hull(points) }));
}

/* The convex hull of points (Andrew's monotone chain). */
function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turns = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const half = (list) => {
    const found = [];
    for (const point of list) {
      while (found.length > 1 && turns(found[found.length - 2], found[found.length - 1], point) <= 0) found.pop();
      found.push(point);
    }
    return found.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

/* A path round a convex hull at some distance, with round corners. */
function outline(context, points, away) {
  context.beginPath();
  points.forEach(([x, y], at) => {
    const [px, py] = points[(at + points.length - 1) % points.length];
    const [nx, ny] = points[(at + 1) % points.length];
    const before = Math.atan2(y - py, x - px) - Math.PI / 2;
    const after = Math.atan2(ny - y, nx - x) - Math.PI / 2;
    context.arc(x, y, away, before, after);
  });
  context.closePath();
}

function trayOf({ kind, marks }) {
  const alone = kind === "network" ? marks.filter(({ node }) => lonely[node] && !kindOf(node).layer) : [];
  if (!alone.length || inScope()) return null;
  const xs = alone.map(({ x }) => x);
  const ys = alone.map(({ y }) => y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys), count: alone.length };
}

function drawUnder(context) {
  const scale = network.getScale();
  for (const { group, points } of scene.hulls || []) {
    const colour = readable(groupColour(group));
    outline(context, points, SPACING * 0.55);
    context.fillStyle = colour;
    context.globalAlpha = themeName() === "dark" ? 0.16 : 0.08;
    context.fill();
  }
  context.globalAlpha = 1;
  const { tray } = scene;
  if (!tray) return;
  context.strokeStyle = theme().quiet;
  context.lineWidth = 1 / scale;
  context.setLineDash([4 / scale, 4 / scale]);
  const pad = SPACING * 0.6;
  context.strokeRect(tray.left - pad, tray.top - pad, tray.right - tray.left + 2 * pad, tray.bottom - tray.top + 2 * pad);
  context.setLineDash([]);
}
