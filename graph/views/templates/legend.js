/* ---- left: legend and filters ---- */

function filterRow(kind, count, picture, off) {
  const box = element("input", "");
  box.type = "checkbox";
  box.checked = !off.has(kind.code);
  box.addEventListener("change", () => {
    if (box.checked) off.delete(kind.code);
    else off.add(kind.code);
    filter();
  });
  return element("label", "row", box, picture, element("span", "grow", say(kind.label)), element("span", "count", number(count)));
}

function counted(kinds, list) {
  const found = kinds.map(() => 0);
  for (const kind of list) found[kind] += 1;
  return found;
}

function showFilters() {
  const nodeCounts = counted(nodeKinds, column.kind);
  const linkCounts = counted(linkKinds, column.linkKind);
  const rows = (kinds, counts, make, off) => kinds.flatMap((kind, at) =>
    (kind.layer === "" ? [filterRow(kind, counts[at], make(kind), off)] : []));
  byId("node-kinds").replaceChildren(...rows(nodeKinds, nodeCounts, nodeGlyph, state.offNodeKinds));
  byId("link-kinds").replaceChildren(...rows(linkKinds, linkCounts, linkGlyph, state.offLinkKinds));
  byId("layers").replaceChildren(...layers.map((layer) => layerRow(layer, nodeCounts, linkCounts)));
  byId("layers-part").hidden = !layers.length;
  byId("measure-choice").hidden = !measures.length;
  byId("measure").replaceChildren(...measures.map(({ label }, at) => option(at, say(label), state.measure)));
  byId("meaning").textContent = measures.length ? say(measures[state.measure].meaning) : "";
  showColours();
  byId("grouping-choice").hidden = !groupings.length;
  byId("grouping").replaceChildren(...groupings.map(({ label }, at) => option(at, say(label), state.grouping)));
  byId("outline").replaceChildren(
    option("auto", phrase("outline_auto"), state.outline), option("none", phrase("outline_none"), state.outline),
    ...groupings.map(({ label }, at) => option(at, say(label), state.outline)));
  byId("minimum").max = Math.min(mostLinks, 50);
  byId("minimum").value = state.minimum;
  byId("minimum-shown").textContent = number(state.minimum);
  byId("year-choice").hidden = years.length < 2;
  byId("year").max = years.length;
  byId("year").value = years.indexOf(state.year) + 1;
  showYear();
}

function showYear() {
  const text = state.year ? String(state.year) : phrase("year_any");
  byId("year-shown").textContent = text;
  byId("year").setAttribute("aria-valuetext", text);
}

/* A layer is one box for all its kinds, which are told below it. */
function layerRow(layer, nodeCounts, linkCounts) {
  const box = element("input", "");
  box.type = "checkbox";
  box.checked = state.layers.has(layer.code);
  box.addEventListener("change", () => {
    if (box.checked) state.layers.add(layer.code);
    else state.layers.delete(layer.code);
    filter({ refit: true });
  });
  const kinds = [
    ...nodeKinds.map((kind, at) => ({ kind, count: nodeCounts[at], picture: nodeGlyph })),
    ...linkKinds.map((kind, at) => ({ kind, count: linkCounts[at], picture: linkGlyph })),
  ].filter(({ kind }) => kind.layer === layer.code);
  const lines = kinds.map(({ kind, count, picture }) => element("div", "row part", picture(kind),
    element("span", "grow", say(kind.label)), element("span", "count", number(count))));
  return element("div", "", element("label", "row", box, element("span", "grow", say(layer.label))), ...lines);
}

function showColours() {
  const choices = [
    option("kind", phrase("kind"), state.colour),
    ...groupings.map(({ label }, at) => option(`group ${at}`, say(label), state.colour)),
    ...measures.map(({ label }, at) => option(`measure ${at}`, say(label), state.colour)),
  ];
  byId("colour").replaceChildren(...choices);
  const [what, which] = state.colour.split(" ");
  const legend = byId("colour-legend");
  legend.replaceChildren();
  if (what === "group") {
    const { groups } = groupings[which];
    const rows = groups.slice(0, 10).map(([label], group) => element("li", "row",
      nodeGlyph({ shape: "square", colour: groupColour(group) }), element("span", "grow", say(label)),
      element("span", "count", number(memberLists[which][group].length))));
    if (groups.length > 10) rows.push(element("li", "quiet", phrase("more", { n: number(groups.length - 10) })));
    legend.append(listOf(rows, ""));
  } else if (what === "measure") {
    const bar = element("span", "ramp");
    const [low, high] = theme().ramp;
    bar.style.background = `linear-gradient(to right, ${low}, ${high})`;
    legend.append(element("div", "row", element("span", "count", number(0)), bar, element("span", "count", number(highest[which]))));
  }
}

function filter({ refit = false } = {}) {
  applyFilters();
  state.subjects = state.subjects.some((node) => !nodeOn[node]) ? [] : state.subjects;
  state.page = 0;
  showCounts();
  draw({ keep: !refit });
  showPanel();
  showReadout();
  rememberAddress();
  if (state.view === "table") showTable();
}

function showCounts() {
  const there = (kinds, list) => {
    let found = 0;
    const on = kinds.map(layerOn);
    for (const kind of list) found += on[kind];
    return found;
  };
  byId("counts").textContent = phrase("counts", {
    nodes: number(nodeOn.reduce((sum, on) => sum + on, 0)),
    all_nodes: number(there(nodeKinds, column.kind)),
    links: number(linkOn.reduce((sum, on) => sum + on, 0)),
    all_links: number(there(linkKinds, column.linkKind)),
  });
}

/* What is not drawn, in a line: nothing is left out silently. */
function showNotice() {
  const parts = [];
  const { kind, marks, leftOut, tiesLeftOut, pairsLeftOut, alone, cut } = scene;
  if (kind === "overview") {
    if (leftOut) parts.push(phrase("groups_left_out", { n: number(leftOut) }));
    if (alone) parts.push(phrase("alone", { n: number(alone) }));
  } else if (leftOut) {
    const measure = measures.length ? say(measures[state.measure].label) : phrase("links");
    parts.push(phrase("left_out", { n: number(leftOut), shown: number(marks.length), measure }));
  }
  if (pairsLeftOut) parts.push(phrase("pairs_left_out", { n: number(pairsLeftOut) }));
  if (tiesLeftOut) parts.push(phrase("ties_left_out", { n: number(tiesLeftOut) }));
  if (cut) parts.push(phrase("steps_cut", { n: number(limits.nodes) }));
  if (kind === "chain" && !marks.length) parts.push(phrase("no_chain"));
  else if (!marks.length) parts.push(phrase("nothing_drawn"));
  byId("notice").textContent = parts.join(" ");
  byId("notice").hidden = !parts.length || state.view === "table";
}
