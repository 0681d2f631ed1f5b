/* ---- the supply chain: layers from left to right, those who supply before those supplied ---- */

const CHAIN = 600;

function chainScene() {
  const all = scopeNodes().filter((node) => column.level[node] >= 0);
  const rank = new Map(Array.from(bySize, (node, at) => [node, at]));
  const nodes = all.sort((a, b) => rank.get(a) - rank.get(b)).slice(0, CHAIN);
  const layersOf = [];
  for (const node of nodes) (layersOf[column.level[node]] ||= []).push(node);
  const filled = layersOf.map((members, level) => ({ level, members })).filter(({ members }) => members);
  order(filled);
  const most = clamp(Math.round(Math.sqrt(nodes.length) * 0.95), 12, 30);
  const marks = [];
  const titles = [];
  let left = 0;
  for (const { level, members } of filled) {
    // A long layer stands in several columns, close to each other.
    const columns = Math.ceil(members.length / most);
    const rows = Math.ceil(members.length / columns);
    members.forEach((node, at) => {
      const [row, inside] = [Math.floor(at / columns), at % columns];
      const shift = columns > 1 && row % 2 ? 0.5 : 0;
      marks.push(nodeMark(node, left + (inside + shift) * SPACING, (row - (rows - 1) / 2) * SPACING));
    });
    const width = (columns - 1 + (columns > 1 ? 0.5 : 0)) * SPACING;
    titles.push({ x: left + width / 2, level, count: members.length });
    left += width + 4 * SPACING;
  }
  const top = marks.length ? Math.min(...marks.map(({ y }) => y)) - SPACING : 0;
  return finished("chain", marks, { leftOut: all.length - nodes.length, titles: titles.map((it) => ({ ...it, y: top })) });
}

/* Nodes near the middle of their partners in the neighbouring layers: there and back, a few times. */
function order(filled) {
  const place = new Map();
  const note = ({ members }) => members.forEach((node, at) => place.set(node, at / members.length));
  filled.forEach(note);
  for (let sweep = 0; sweep < 6; sweep += 1) {
    for (const layer of sweep % 2 ? [...filled].reverse() : filled) {
      const wish = new Map(layer.members.map((node) => [node, meanPlace(node, place)]));
      layer.members.sort((a, b) => wish.get(a) - wish.get(b) || a - b);
      note(layer);
    }
  }
}

function meanPlace(node, place) {
  let [sum, count] = [0, 0];
  for (const link of linksOf(node)) {
    const partner = partnerOf(link, node);
    if (!linkOn[link] || !place.has(partner) || column.level[partner] === column.level[node]) continue;
    sum += place.get(partner);
    count += 1;
  }
  return count ? sum / count : place.get(node);
}
