/* ---- the network: who is linked with whom, in which group, within which steps ---- */

const linkStart = new Int32Array(NODES + 1);
const linkList = new Int32Array(2 * LINKS);
{
  const { source, target } = column;
  for (let at = 0; at < LINKS; at += 1) {
    linkStart[source[at] + 1] += 1;
    if (source[at] !== target[at]) linkStart[target[at] + 1] += 1;
  }
  for (let node = 0; node < NODES; node += 1) linkStart[node + 1] += linkStart[node];
  const next = linkStart.slice();
  for (let at = 0; at < LINKS; at += 1) {
    linkList[next[source[at]]++] = at;
    if (source[at] !== target[at]) linkList[next[target[at]]++] = at;
  }
}

const linksOf = (node) => linkList.subarray(linkStart[node], linkStart[node + 1]);
const partnerOf = (link, node) => (column.source[link] === node ? column.target[link] : column.source[link]);

const highest = measures.map((_, at) => {
  let found = 0;
  for (const value of column[`value${at}`]) if (value > found) found = value;
  return found;
});

/* How many share each rank, by measure. */
const sharing = measures.map((_, at) => {
  const counted = new Map();
  for (const rank of column[`rank${at}`]) if (rank) counted.set(rank, (counted.get(rank) || 0) + 1);
  return counted;
});

/* ---- groups ---- */

const mainGroup = (grouping, node) => column[`group${grouping}`][node] - 1;
const furtherGroups = groupings.map(({ more }) => new Map(more));
const groupsOf = (grouping, node) => {
  const main = mainGroup(grouping, node);
  return main < 0 ? [] : [main, ...(furtherGroups[grouping].get(node) || [])];
};
const standsFor = groupings.map(({ groups }) =>
  new Map(groups.flatMap(([, , , , node], group) => (node < 0 ? [] : [[node, group]]))));
const memberLists = groupings.map((grouping, at) => {
  const lists = grouping.groups.map(() => []);
  for (let node = 0; node < NODES; node += 1) for (const group of groupsOf(at, node)) lists[group].push(node);
  return lists;
});

/* The members of a group, with the node that stands for it. */
function membersOf(grouping, group) {
  const stands = groupings[grouping].groups[group][4];
  const members = memberLists[grouping][group];
  return stands < 0 ? members : [stands, ...members];
}

/* ---- filters ---- */

const nodeOn = new Uint8Array(NODES);
const linkOn = new Uint8Array(LINKS);
const degree = new Int32Array(NODES);
const lonely = new Uint8Array(NODES);
for (let node = 0; node < NODES; node += 1) {
  lonely[node] = linksOf(node).every((link) => linkKinds[column.linkKind[link]].layer !== "") ? 1 : 0;
}
const years = [...new Set([...column.since, ...column.until])].filter(Boolean).sort((a, b) => a - b);

const layerOn = ({ layer }) => layer === "" || state.layers.has(layer);
const holdsIn = (link, year) =>
  !year || ((!column.since[link] || column.since[link] <= year) && (!column.until[link] || column.until[link] >= year));

function applyFilters() {
  const kindOn = linkKinds.map((kind) => layerOn(kind) && !state.offLinkKinds.has(kind.code));
  const recorded = linkKinds.map(({ layer }) => layer === "");
  degree.fill(0);
  for (let link = 0; link < LINKS; link += 1) {
    const kind = column.linkKind[link];
    linkOn[link] = kindOn[kind] && holdsIn(link, state.year) ? 1 : 0;
    if (!linkOn[link] || !recorded[kind]) continue;
    degree[column.source[link]] += 1;
    if (column.source[link] !== column.target[link]) degree[column.target[link]] += 1;
  }
  const nodeKindOn = nodeKinds.map((kind) => layerOn(kind) && !state.offNodeKinds.has(kind.code));
  const layered = nodeKinds.map(({ layer }) => layer !== "");
  for (let node = 0; node < NODES; node += 1) {
    const kind = column.kind[node];
    nodeOn[node] = nodeKindOn[kind] && (layered[kind] || degree[node] >= state.minimum) ? 1 : 0;
  }
  for (let link = 0; link < LINKS; link += 1) {
    if (!nodeOn[column.source[link]] || !nodeOn[column.target[link]]) linkOn[link] = 0;
  }
}

/* ---- sizes ---- */

const sizes = new Float32Array(NODES);
let bySize = new Int32Array(NODES);
let mostLinks = 1;
let mostUnranked = 1;
for (let node = 0; node < NODES; node += 1) {
  const count = linkStart[node + 1] - linkStart[node];
  mostLinks = Math.max(mostLinks, count);
  if (!measures.some((_, at) => column[`rank${at}`][node])) mostUnranked = Math.max(mostUnranked, count);
}

/* From 0 to 1. A node that a measure does not reach, such as a cluster, is as big as it has links. */
function measureSizes() {
  const values = measures.length ? column[`value${state.measure}`] : null;
  for (let node = 0; node < NODES; node += 1) {
    const value = values ? values[node] : NaN;
    const unranked = (linkStart[node + 1] - linkStart[node]) / mostUnranked;
    const share = Number.isNaN(value) ? unranked : value / (highest[state.measure] || 1);
    sizes[node] = Math.sqrt(clamp(share, 0, 1));
  }
  bySize = Int32Array.from({ length: NODES }, (_, node) => node).sort((a, b) => sizes[b] - sizes[a] || a - b);
}

/* ---- steps ---- */

/* The nodes within some steps of one, with the number of steps, nearest first. */
function around(start, steps, most = limits.nodes) {
  const found = new Map([[start, 0]]);
  let ring = [start];
  for (let step = 1; step <= steps && ring.length; step += 1) {
    const next = [];
    for (const node of ring) {
      for (const link of linksOf(node)) {
        const partner = partnerOf(link, node);
        if (!linkOn[link] || found.has(partner)) continue;
        if (found.size >= most) return { found, complete: false };
        found.set(partner, step);
        next.push(partner);
      }
    }
    ring = next;
  }
  return { found, complete: true };
}

/* One of the shortest ways between two nodes over the links that are shown, or nothing. */
function shortestPath(from, to) {
  const before = new Map([[from, -1]]);
  let ring = [from];
  while (ring.length && !before.has(to)) {
    const next = [];
    for (const node of ring) {
      for (const link of linksOf(node)) {
        const partner = partnerOf(link, node);
        const counts = linkOn[link] && !linkKinds[column.linkKind[link]].dashed;
        if (!counts || before.has(partner)) continue;
        before.set(partner, node);
        next.push(partner);
      }
    }
    ring = next;
  }
  if (!before.has(to)) return null;
  const way = [];
  for (let node = to; node >= 0; node = before.get(node)) way.unshift(node);
  return way;
}
