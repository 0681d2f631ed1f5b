/* ---- saving what is in view: PNG, SVG, CSV, GEXF ---- */

function download(blob, name) {
  const anchor = element("a", "");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
}

const caption = () => [say(data.title), byId("counts").textContent,
  byId("notice").hidden ? "" : byId("notice").textContent, byId("note").textContent].filter(Boolean);

function wrapText(context, text, width) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.filter(Boolean);
}

/* The picture with its title and note below, so that it keeps its meaning elsewhere. */
function savePng() {
  const drawn = network.canvas.frame.canvas;
  const { clientWidth: width, clientHeight: height } = drawn;
  const ratio = drawn.width / width;
  const sheet = element("canvas", "");
  const context = sheet.getContext("2d");
  context.font = SMALL.font;
  const lines = caption().flatMap((text) => wrapText(context, text, width - 32));
  sheet.width = drawn.width;
  sheet.height = Math.ceil((height + 17 * lines.length + 16) * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = theme().paper;
  context.fillRect(0, 0, width, sheet.height);
  context.drawImage(drawn, 0, 0, width, height);
  context.font = SMALL.font;
  context.fillStyle = theme().ink;
  lines.forEach((line, at) => context.fillText(line, 16, height + 17 * (at + 1)));
  sheet.toBlob((blob) => download(blob, "klaster.png"));
}

/* ---- SVG: the same marks, ties and labels as shapes and texts ---- */

function markShape(mark) {
  const { shape } = scene.marks[mark];
  const { x, y } = middle(mark);
  const size = radius(mark);
  const look = { fill: markColour(scene.marks[mark]), stroke: theme().paper, opacity: !emphasised || emphasised.has(mark) ? 1 : 0.16 };
  const points = POLYGONS[shape];
  if (!points) return drawing("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: size.toFixed(1), ...look });
  const corners = points.split(" ").map((pair) => pair.split(",").map((part) => (Number(part) - 8) / 7));
  return drawing("polygon", { points: corners.map(([dx, dy]) => `${(x + dx * size).toFixed(1)},${(y + dy * size).toFixed(1)}`).join(" "), ...look });
}

function tieShape(at) {
  const { from, to, link, bend: bent } = scene.ties[at];
  const [one, other] = [middle(from), middle(to)];
  const { options } = drawnTies[at];
  const scale = network.getScale();
  const [dx, dy] = [other.x - one.x, other.y - one.y];
  const curve = { x: (one.x + other.x) / 2 + dy * bent, y: (one.y + other.y) / 2 - dx * bent };
  const length = Math.hypot(other.x - curve.x, other.y - curve.y) || 1;
  const short = radius(to) / length;
  const end = { x: other.x - (other.x - curve.x) * short, y: other.y - (other.y - curve.y) * short };
  const look = {
    d: `M${one.x.toFixed(1)} ${one.y.toFixed(1)}Q${curve.x.toFixed(1)} ${curve.y.toFixed(1)} ${end.x.toFixed(1)} ${end.y.toFixed(1)}`,
    fill: "none", stroke: options.color.color, "stroke-width": (options.width * scale).toFixed(1), opacity: options.color.opacity.toFixed(2),
  };
  if (options.dashes) look["stroke-dasharray"] = "6 4";
  if (link >= 0 && linkKinds[column.linkKind[link]].directed) look["marker-end"] = `url(#arrow-${column.linkKind[link]})`;
  return drawing("path", look);
}

function arrowHeads() {
  return linkKinds.map((kind, at) => {
    const head = drawing("marker", { id: `arrow-${at}`, viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" });
    head.append(drawing("path", { d: "M0 0L8 4L0 8z", fill: readable(kind.colour) }));
    return head;
  });
}

function saveSvg() {
  const { clientWidth: width, clientHeight: height } = stage;
  const lines = caption();
  const sheet = drawing("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height + 18 * lines.length + 12}`, "font-family": FONT_FAMILY });
  const title = drawing("title", {});
  title.textContent = lines[0];
  const heads = drawing("defs", {});
  heads.append(...arrowHeads());
  sheet.append(title, heads, drawing("rect", { width: "100%", height: "100%", fill: theme().paper }));
  sheet.append(...scene.ties.map((_, at) => tieShape(at)), ...scene.marks.map((_, mark) => markShape(mark)));
  const write = (text, x, y, look) => {
    const made = drawing("text", { x: x.toFixed(1), y: y.toFixed(1), fill: theme().ink, "font-size": 12, ...look });
    made.textContent = text;
    sheet.append(made);
  };
  labels.forEach(({ mark, style, inside }, at) => {
    const { text, left, top, height: tall } = boxes[at];
    const halo = inside ? { fill: inkOn(markColour(scene.marks[mark])) } : { stroke: theme().paper, "stroke-width": 3, "paint-order": "stroke" };
    write(text, left + 2, top + tall - 4, { ...halo, "font-weight": style === BOLD ? 650 : 400 });
  });
  lines.forEach((line, at) => write(line, 16, height + 18 * (at + 1), {}));
  const text = new XMLSerializer().serializeToString(sheet);
  download(new Blob([cleanXml(text)], { type: "image/svg+xml" }), "klaster.svg");
}

/* XML has no place for most control characters, however they are written. */
const cleanXml = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");

/* ---- CSV ---- */

/* Spreadsheets run what begins like a formula; an apostrophe keeps it text. */
function csvCell(value) {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : value ?? "";
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

function saveCsv() {
  const rows = state.view === "overview" ? groupRows() : nodeRows();
  const text = rows.map((row) => row.map(csvCell).join(",")).join("\r\n");
  // Without the mark, spreadsheets read Cyrillic as something else.
  download(new Blob([`\ufeff${text}\r\n`], { type: "text/csv" }), "klaster.csv");
}

function nodeRows() {
  const shown = tableColumns();
  const heads = shown.flatMap(({ title, rank }) => (rank ? [title, `${title} – ${phrase("rank_column")}`] : [title]));
  return [["IRI", ...heads], ...sortedRows(shown).map((node) => [iriOf(node), ...shown.flatMap(({ value, rank }) =>
    (rank ? [value(node) ?? "", rank(node) || ""] : [value(node)]))])];
}

const groupRows = () => [[phrase("name"), phrase("members")],
  ...scene.marks.filter(({ node }) => node < 0).map(({ group, count }) => [groupName(state.grouping, group), count])];

/* ---- GEXF ---- */

function gexf() {
  const page = document.implementation.createDocument("http://gexf.net/1.3", "gexf");
  const add = (parent, tag, attributes) => {
    const made = page.createElementNS("http://gexf.net/1.3", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  };
  page.documentElement.setAttribute("version", "1.3");
  const graph = add(page.documentElement, "graph", { defaultedgetype: "directed" });
  const described = add(graph, "attributes", { class: "node" });
  add(described, "attribute", { id: "kind", title: "kind", type: "string" });
  measures.forEach(({ code }, at) => add(described, "attribute", { id: `m${at}`, title: code, type: "double" }));
  const [nodes, edges] = [add(graph, "nodes", {}), add(graph, "edges", {})];
  const idOf = ({ node, group }) => (node < 0 ? `group-${group}` : iriOf(node));
  for (const mark of scene.marks) {
    const { node, group } = mark;
    const made = add(nodes, "node", { id: idOf(mark), label: node < 0 ? groupName(state.grouping, group) : nameOf(node) });
    const values = add(made, "attvalues", {});
    add(values, "attvalue", { for: "kind", value: node < 0 ? groupings[state.grouping].code : kindOf(node).code });
    measures.forEach((_, at) => {
      if (node >= 0 && column[`rank${at}`][node]) add(values, "attvalue", { for: `m${at}`, value: column[`value${at}`][node] });
    });
  }
  scene.ties.forEach(({ from, to, link, count }, at) => {
    const kind = link < 0 ? null : linkKinds[column.linkKind[link]];
    add(edges, "edge", {
      id: at, source: idOf(scene.marks[from]), target: idOf(scene.marks[to]), weight: count || 1,
      type: kind?.directed ? "directed" : "undirected", label: kind ? kind.code : "links",
    });
  });
  return cleanXml(`<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(page)}`);
}

function saveGexf() {
  if (state.view === "table") draw({ keep: true });
  download(new Blob([gexf()], { type: "application/xml" }), "klaster.gexf");
}
