/* ---- scenes: what stands on the canvas, as marks (nodes or groups) and ties between them ---- */

const SPACING = 90;
const TIES = 8000;

const inScope = () => state.path?.nodes || (state.focus && [...state.focus.found.keys()])
  || (state.group >= 0 ? membersOf(state.grouping, state.group) : null);

/* The nodes that the filters leave of what is looked at. */
function scopeNodes() {
  const scope = inScope();
  if (scope) return [...new Set(scope)].filter((node) => nodeOn[node] || state.subjects.includes(node));
  const found = [];
  for (let node = 0; node < NODES; node += 1) if (nodeOn[node]) found.push(node);
  return found;
}

const nodeMark = (node, x = column.x[node], y = column.y[node]) =>
  ({ node, group: -1, x, y, shape: kindOf(node).shape });

function buildScene() {
  if (state.view === "overview" && groupings.length) return overviewScene();
  if (state.view === "chain") return chainScene();
  if (state.path) return pathScene();
  if (state.focus) return egoScene();
  return networkScene();
}

function networkScene() {
  const nodes = scopeNodes();
  const wanted = new Set(nodes);
  // The largest where there are too many; what is selected always.
  const shown = nodes.length <= limits.nodes ? nodes
    : [...new Set([...state.subjects, ...bySize.filter((node) => wanted.has(node)).slice(0, limits.nodes)])];
  const marks = shown.slice(0, limits.nodes).map((node) => nodeMark(node));
  return finished("network", marks, { leftOut: nodes.length - marks.length });
}

/* Ties between the marks; those of suggestions and findings are never left out. */
function finished(kind, marks, more = {}) {
  const place = new Map(marks.map(({ node }, at) => [node, at]));
  let links = [];
  for (const { node } of marks) {
    for (const link of linksOf(node)) {
      if (linkOn[link] && column.source[link] === node && place.has(column.target[link])) links.push(link);
    }
  }
  const all = links.length;
  if (all > TIES) {
    const weight = (link) => (linkKinds[column.linkKind[link]].dashed ? 9 : 0)
      + sizes[column.source[link]] + sizes[column.target[link]];
    links = links.sort((a, b) => weight(b) - weight(a) || a - b).slice(0, TIES);
  }
  const ties = links.map((link) => ({
    link, from: place.get(column.source[link]), to: place.get(column.target[link]), bend: 0,
  }));
  bend(ties);
  return { kind, marks, ties, leftOut: 0, tiesLeftOut: all - ties.length, place, ...more };
}

/* Ties between the same two marks bend, so that they stay apart. */
function bend(ties) {
  const drawn = new Map();
  for (const tie of ties) {
    const low = Math.min(tie.from, tie.to);
    const key = low * 1e6 + Math.max(tie.from, tie.to);
    const before = drawn.get(key) || 0;
    drawn.set(key, before + 1);
    const side = (before % 2 === 1) === (tie.from === low) ? 1 : -1;
    tie.bend = side * 0.12 * Math.floor((before + 1) / 2);
  }
}

/* ---- the overview: groups as bubbles ---- */

function overviewScene() {
  const { groups } = groupings[state.grouping];
  const counts = groups.map((_, group) =>
    memberLists[state.grouping][group].reduce((sum, node) => sum + nodeOn[node], 0));
  const shown = groups.map((_, group) => group).slice(0, limits.bubbles).filter((group) => counts[group]);
  const marks = shown.map((group) => {
    const [, x, y, radius] = groups[group];
    return { node: -1, group, x, y, radius, count: counts[group], shape: "circle" };
  });
  const alone = column[`group${state.grouping}`].reduce((sum, group, node) =>
    sum + (nodeOn[node] && group === 0 && !standsFor[state.grouping].has(node)
      && measures.some((_, at) => column[`rank${at}`][node]) ? 1 : 0), 0);
  const place = new Map(marks.map(({ group }, at) => [group, at]));
  const all = groupTies(place);
  const ties = strongest(all);
  const scene = {
    kind: "overview", marks, ties, alone, place: new Map(), pairsLeftOut: all.length - ties.length,
    leftOut: counts.filter(Boolean).length - marks.length,
  };
  if (state.layers.has("policy")) addReach(scene, place);
  return scene;
}

/* The strongest three ties of each bubble: more of them are a blot that tells nothing. */
function strongest(ties) {
  if (ties.length <= 40) return ties;
  const seen = new Map();
  return ties.filter(({ from, to }) => {
    const wanted = (seen.get(from) || 0) < 3 || (seen.get(to) || 0) < 3;
    if (wanted) for (const end of [from, to]) seen.set(end, (seen.get(end) || 0) + 1);
    return wanted;
  });
}

function groupTies(place) {
  const between = new Map();
  const main = column[`group${state.grouping}`];
  for (let link = 0; link < LINKS; link += 1) {
    if (!linkOn[link]) continue;
    const [one, other] = [place.get(main[column.source[link]] - 1), place.get(main[column.target[link]] - 1)];
    if (one === undefined || other === undefined || one === other) continue;
    const key = Math.min(one, other) * 4096 + Math.max(one, other);
    between.set(key, (between.get(key) || 0) + 1);
  }
  return [...between].sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .map(([key, count]) => ({ link: -1, from: Math.floor(key / 4096), to: key % 4096, count, bend: 0 }));
}

/* Instruments in rows above the bubbles, tied to the groups whose members they are for. */
function addReach(scene, place) {
  const kind = nodeKinds.findIndex(({ layer }) => layer === "policy");
  const instruments = [];
  for (let node = 0; node < NODES; node += 1) if (column.kind[node] === kind && nodeOn[node]) instruments.push(node);
  if (!instruments.length || !scene.marks.length) return;
  const xs = scene.marks.map(({ x }) => x);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const top = Math.min(...scene.marks.map(({ y, radius }) => y - radius)) - 2.5 * SPACING;
  const columns = Math.min(instruments.length, Math.max(5, Math.floor((right - left) / (1.4 * SPACING))));
  const step = Math.max(1.2 * SPACING, (right - left) / columns);
  instruments.forEach((node, at) => {
    const [row, spot] = [Math.floor(at / columns), at % columns];
    const mark = nodeMark(node, (left + right) / 2 + (spot - (columns - 1) / 2) * step, top - 0.8 * SPACING * row);
    scene.place.set(node, scene.marks.length);
    const reached = new Map();
    for (const link of linksOf(node)) {
      for (const group of linkOn[link] ? groupsOf(state.grouping, partnerOf(link, node)) : []) {
        if (place.has(group)) reached.set(group, (reached.get(group) || 0) + 1);
      }
    }
    for (const [group, count] of reached) {
      scene.ties.push({ link: -1, from: scene.marks.length, to: place.get(group), count, bend: 0, policy: true });
    }
    scene.marks.push(mark);
  });
}

/* ---- an actor and its surroundings, in rings ---- */

function egoScene() {
  const { node: centre, found, complete } = state.focus;
  const shown = [...found].filter(([node]) => node === centre || nodeOn[node]);
  const rings = [1, 2, 3].map((step) => shown.filter(([, at]) => at === step).map(([node]) => node));
  const angles = new Map([[centre, 0]]);
  const marks = [nodeMark(centre, 0, 0)];
  let radius = 0;
  for (const ring of rings.filter((nodes) => nodes.length)) {
    // Each node stands near the mean direction of those further in that it is linked with.
    const wish = new Map(ring.map((node) => [node, meanAngle(node, angles)]));
    ring.sort((a, b) => wish.get(a) - wish.get(b) || column.kind[a] - column.kind[b] || a - b);
    radius = Math.max(radius + 2.4 * SPACING, (ring.length * SPACING * 1.1) / (2 * Math.PI));
    ring.forEach((node, at) => {
      const angle = (2 * Math.PI * at) / ring.length - Math.PI / 2;
      angles.set(node, angle);
      marks.push(nodeMark(node, radius * Math.cos(angle), radius * Math.sin(angle)));
    });
  }
  return finished("ego", marks, { cut: !complete });
}

function meanAngle(node, angles) {
  let [x, y] = [0, 0];
  for (const link of linksOf(node)) {
    const angle = angles.get(partnerOf(link, node));
    if (angle === undefined || !linkOn[link]) continue;
    x += Math.cos(angle);
    y += Math.sin(angle);
  }
  return x || y ? (Math.atan2(y, x) + 2.5 * Math.PI) % (2 * Math.PI) : 0;
}

/* ---- a path, from left to right ---- */

function pathScene() {
  return finished("path", state.path.nodes.map((node, at) =>
    nodeMark(node, at * 2.4 * SPACING, (at % 2) * 0.7 * SPACING)));
}
