/* ---- labels: drawn by the page, so that none covers another ---- */

const LABEL_LENGTH = 28;
const SMALL = { font: `12px ${FONT_FAMILY}`, height: 15 };
const BOLD = { font: `650 12.5px ${FONT_FAMILY}`, height: 16 };
const BOLD_SMALL = { font: `650 10.5px ${FONT_FAMILY}`, height: 12 };

// Text, style and place of each label, relative to its mark or at a spot of the picture.
let labels = [];
// What was drawn last, in pixels.
let boxes = [];
// The view that the labels were laid out for.
let labelsFor = "";
const widths = new Map();

function shorten(text, length = LABEL_LENGTH) {
  const letters = Array.from(text.replace(/[ \t\r\n]+/g, " ").trim());
  if (letters.length <= length) return letters.join("");
  return `${letters.slice(0, length - 1).join("").trimEnd()}…`;
}

function widthOf(context, text, style) {
  const key = style.height + text;
  if (!widths.has(key)) {
    context.font = style.font;
    widths.set(key, Math.ceil(context.measureText(text).width) + 4);
  }
  return widths.get(key);
}

/* Rectangles in a grid of cells, to find quickly what one would cover. */
class Ground {
  constructor() {
    this.cells = new Map();
  }
  *around(box) {
    for (let x = Math.floor(box.left / 80); x <= (box.left + box.width) / 80; x += 1) {
      for (let y = Math.floor(box.top / 40); y <= (box.top + box.height) / 40; y += 1) yield x * 4096 + y;
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

const inStage = ({ left, top, width, height }) => left >= 2 && left + width <= stage.clientWidth - 2
  && top >= 2 && top + height <= stage.clientHeight - 2;
const isBig = ({ node }) => node < 0 || sizes[node] >= 0.45;

/* Where a label stands relative to its node: below, above, right or left of it. */
function labelPlace(mark, width, glyphs, texts, rank) {
  const { x, y } = middle(mark);
  const chosen = isChosen(scene.marks[mark]);
  const away = radius(mark) + (chosen ? 6 : 2);
  const { height } = SMALL;
  const free = [[-width / 2, away], [-width / 2, -away - height], [away, -height / 2], [-away - width, -height / 2]]
    .map(([dx, dy]) => ({ mark, dx, dy, left: x + dx, top: y + dy, width, height, owner: -1 }))
    .filter((box) => inStage(box) && texts.free(box, mark));
  // The name of a big node is worth covering a small one; that of a chosen or very big one, any.
  return free.find((box) => glyphs.free(box, mark)) || (isBig(scene.marks[mark]) && free.find((box) =>
    glyphs.free(box, mark, true))) || ((chosen || rank < 2) && free[0]);
}

function layOut(context) {
  labels = [];
  const texts = new Ground();
  for (const control of [byId("zoom"), byId("crumbs"), byId("notice")]) {
    if (control.hidden) continue;
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = control;
    texts.add({ left, top, width, height, owner: -1 });
  }
  layOutSpots(context, texts);
  if (scene.kind === "overview") layOutBubbles(context, texts);
  layOutNames(context, texts);
}

/* Names of groups and layers, and the caption of the tray: at spots of the picture. */
function layOutSpots(context, texts) {
  const spots = (scene.titles || []).map(({ x, y, level, count }) =>
    ({ x, y, text: phrase("level", { level: number(level + 1), n: number(count) }) }));
  if (scene.tray) {
    const { left, top, count } = scene.tray;
    spots.push({ x: left - SPACING * 0.6, y: top - SPACING * 0.6, text: phrase("tray", { n: number(count) }), start: true });
  }
  for (const { grouping, group, points } of scene.hulls || []) {
    const top = Math.min(...points.map(([, y]) => y));
    const xs = points.map(([x]) => x);
    const x = (Math.min(...xs) + Math.max(...xs)) / 2;
    spots.push({ x, y: top - SPACING * 0.55, text: groupName(grouping, group), group, stands: groupings[grouping].groups[group][4] });
  }
  for (const spot of spots) {
    const text = shorten(spot.text, 40);
    const width = widthOf(context, text, BOLD);
    const { x, y } = network.canvasToDOM(spot);
    const left = spot.start ? x : clamp(x - width / 2, 2, Math.max(2, stage.clientWidth - width - 2));
    const box = { spot, dx: left - x, dy: -BOLD.height - 1, left, top: y - BOLD.height - 1, width, height: BOLD.height, owner: -1 };
    if (!text || !inStage(box) || !texts.free(box, -2)) continue;
    texts.add(box);
    labels.push({ ...box, text, style: BOLD, group: spot.group });
  }
}

/* The name of a bubble in lines, its count below: in the bubble if there is room, be it in small
   letters, else across, under or above it where no other bubble is, else the count alone in it.
   Those in a bubble are in nobody's way. */
function layOutBubbles(context, texts) {
  const bubbles = scene.marks.map((_, mark) => mark).filter((mark) => scene.marks[mark].node < 0)
    .map((mark) => ({ mark, ...bubbleLabel(context, mark) }))
    .sort((a, b) => Number(b.inside) - Number(a.inside)
      || Number(isChosen(scene.marks[b.mark])) - Number(isChosen(scene.marks[a.mark])) || scene.marks[b.mark].count - scene.marks[a.mark].count);
  const discs = new Ground();
  for (const { mark } of bubbles) {
    const { x, y } = middle(mark);
    const half = radius(mark) * 0.85;
    discs.add({ left: x - half, top: y - half, width: 2 * half, height: 2 * half, owner: mark });
  }
  for (const { mark, ...wanted } of bubbles) {
    if (placeOnBubble(mark, wanted, texts, discs)) continue;
    const told = inLines(context, BOLD_SMALL, [number(scene.marks[mark].count)]);
    if (told.width / 2 <= radius(mark)) placeOnBubble(mark, { ...told, inside: true }, texts, discs);
  }
}

function placeOnBubble(mark, { style, inside, lines, measured, width, height }, texts, discs) {
  const size = radius(mark);
  const { x, y } = middle(mark);
  const tops = inside ? [y - height / 2] : [y - height / 2, y + size + 2, y - size - height - 2];
  const top = tops.find((at) => {
    const box = { left: x - width / 2, top: at, width, height };
    return inStage(box) && texts.free(box, mark) && (inside || discs.free(box, mark));
  });
  if (top === undefined) return false;
  texts.add({ left: x - width / 2, top, width, height, owner: -1 });
  lines.forEach((text, at) => labels.push({
    mark, text, style, inside, dx: -measured[at] / 2, dy: top - y + at * style.height,
    left: x - measured[at] / 2, top: top + at * style.height, width: measured[at], height: style.height,
  }));
  return true;
}

function bubbleLabel(context, mark) {
  const { group, count } = scene.marks[mark];
  const name = groupName(state.grouping, group);
  const size = radius(mark);
  for (const style of [BOLD, BOLD_SMALL]) {
    const found = inLines(context, style, [...wrapped(context, name, style, size * 1.7), number(count)]);
    if (Math.hypot(found.width / 2, found.height / 2) <= size * 1.04) return { ...found, inside: true };
  }
  return inLines(context, BOLD, [...wrapped(context, name, BOLD, 150).slice(0, 2), number(count)]);
}

function inLines(context, style, lines) {
  const measured = lines.map((line) => widthOf(context, line, style));
  return { style, lines, measured, inside: false, width: Math.max(...measured), height: style.height * lines.length };
}

function layOutNames(context, texts) {
  const rank = (mark) => sizes[scene.marks[mark].node] + (isChosen(scene.marks[mark]) ? 2 : 0);
  // What an outline names already is not named twice.
  const named = new Set(labels.map(({ spot }) => spot?.stands));
  const candidates = scene.marks.map((_, mark) => mark).filter((mark) => scene.marks[mark].node >= 0
    && (emphasised ? emphasised.has(mark) : !named.has(scene.marks[mark].node)));
  candidates.sort((a, b) => rank(b) - rank(a) || a - b);
  const glyphs = new Ground();
  scene.marks.forEach((one, mark) => {
    if (emphasised && !emphasised.has(mark)) return;
    const { x, y } = middle(mark);
    const size = radius(mark);
    if (one.node >= 0 || scene.kind !== "overview") {
      glyphs.add({ left: x - size, top: y - size, width: 2 * size, height: 2 * size, owner: mark, big: isBig(one) });
    }
  });
  const limit = (stage.clientWidth * stage.clientHeight) / 7000;
  let drawn = 0;
  for (const [at, mark] of candidates.entries()) {
    if (drawn >= limit) break;
    const { x, y } = middle(mark);
    if (x < 0 || y < 0 || x > stage.clientWidth || y > stage.clientHeight) continue;
    const text = shorten(nameOf(scene.marks[mark].node));
    const place = text && labelPlace(mark, widthOf(context, text, SMALL), glyphs, texts, at);
    if (!place) continue;
    texts.add(place);
    labels.push({ ...place, text, style: SMALL });
    drawn += 1;
  }
}

function wrapped(context, text, style, width) {
  const lines = [""];
  for (const word of shorten(text, 60).split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (widthOf(context, longer, style) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.filter(Boolean).map((line) => shorten(line));
}

function drawOver(context) {
  const { canvas } = context;
  const ratio = canvas.width / canvas.clientWidth;
  const view = network.getViewPosition();
  const seen = [network.getScale(), view.x, view.y, canvas.width, canvas.height].join(" ");
  context.save();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
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
  scene.marks.forEach((one, mark) => {
    if (!isChosen(one) && mark !== state.hovered) return;
    const { x, y } = middle(mark);
    context.beginPath();
    context.arc(x, y, radius(mark) * (one.node < 0 ? 1 : 1.15) + 4, 0, 2 * Math.PI);
    context.stroke();
  });
}

function drawLabels(context) {
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  boxes = labels.map(({ mark, spot, text, style, inside, group, dx, dy, width, height }) => {
    const { x, y } = spot ? network.canvasToDOM(spot) : middle(mark);
    const box = { text, left: x + dx, top: y + dy, width, height };
    const { paper, ink } = theme();
    context.font = style.font;
    context.lineWidth = 3.5;
    context.strokeStyle = paper;
    context.fillStyle = inside ? inkOn(markColour(scene.marks[mark])) : group === undefined ? ink : readableText(groupColour(group));
    if (!inside) context.strokeText(text, box.left + 2, box.top + height / 2);
    context.fillText(text, box.left + 2, box.top + height / 2);
    return box;
  });
}
