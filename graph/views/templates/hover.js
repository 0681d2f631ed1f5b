/* ---- the tip at the pointer, and selection ---- */

function markTip({ node, group, count }) {
  if (node < 0) return [groupName(state.grouping, group), phrase("group_tip", { n: number(count) })];
  return [nameOf(node), `${say(kindOf(node).label)} · ${phrase("links")}: ${number(degree[node])}`];
}

function tieTip({ link, from, to, count }) {
  const title = (mark) => markTip(scene.marks[mark])[0];
  if (link < 0) return [`${title(from)} – ${title(to)}`, phrase("between", { n: number(count) })];
  const kind = linkKinds[column.linkKind[link]];
  const arrow = kind.directed ? "→" : "–";
  return [`${title(from)} ${arrow} ${title(to)}`, say(kind.label), say(column.detail[link])];
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
  const mark = network.getNodeAt(place);
  const tie = mark === undefined ? network.getEdgeAt(place) : undefined;
  hideTip();
  state.hovered = mark ?? -1;
  if (mark !== undefined) showTip(markTip(scene.marks[mark]), place);
  else if (tie !== undefined) showTip(tieTip(scene.ties[tie]), place);
  network.canvas.frame.style.cursor = byId("tip").hidden ? "" : "pointer";
  if (before !== state.hovered) network.redraw();
}

function pick(mark) {
  if (mark === undefined) return select([]);
  const { node, group } = scene.marks[mark];
  return node < 0 ? pickGroup(group) : select([node]);
}

function select(subjects, { zoom = false } = {}) {
  if (state.pathFrom >= 0 && subjects.length === 1) return endPath(subjects[0]);
  state.subjects = subjects;
  state.picked = -1;
  hideTip();
  reveal(subjects);
  restyle();
  showPanel();
  rememberAddress();
  showReadout();
  if (zoom && subjects.length && state.view !== "table") {
    const near = subjects.length > 1 ? subjects.map((node) => scene.place.get(node)) : [...(emphasised || [])];
    state.moved = true;
    fit(near.filter((mark) => mark !== undefined), fitScale * 3);
  }
  return undefined;
}

function pickGroup(group) {
  Object.assign(state, { subjects: [], picked: group });
  hideTip();
  restyle();
  showPanel();
  rememberAddress();
  showReadout();
}

function showReadout() {
  const [node] = state.subjects;
  let text = phrase("hint");
  if (state.pathFrom >= 0) text = phrase("path_choose", { name: nameOf(state.pathFrom) });
  else if (node !== undefined) text = phrase("selected", { name: nameOf(node), kind: say(kindOf(node).label), n: number(degree[node]) });
  else if (state.picked >= 0) text = phrase("selected_group", { name: groupName(state.grouping, state.picked), n: number(memberLists[state.grouping][state.picked].length) });
  byId("readout").textContent = text;
}

/* What the filters or the scene hide is brought back when it is asked for. */
function reveal(subjects) {
  const hidden = subjects.filter((node) => !nodeOn[node]);
  for (const node of hidden) {
    state.offNodeKinds.delete(kindOf(node).code);
    if (kindOf(node).layer) state.layers.add(kindOf(node).layer);
    state.minimum = Math.min(state.minimum, degree[node]);
  }
  if (hidden.length) {
    applyFilters();
    showFilters();
    showCounts();
  }
  const missing = subjects.length && subjects.some((node) => !scene.place.has(node));
  if (!hidden.length && !missing) return;
  if (missing && state.view === "overview") state.view = "network";
  if (missing) leaveScope(subjects);
  show();
}

/* Where a node is not in what is looked at: all of the network, or of a large one its own group. */
function leaveScope([node]) {
  const scope = inScope();
  if (scope && scope.includes(node)) return;
  Object.assign(state, { focus: null, path: null, group: -1 });
  if (NODES > limits.nodes && groupings.length) {
    state.group = standsFor[state.grouping].get(node) ?? mainGroup(state.grouping, node);
  }
  if (state.view === "chain" && column.level[node] < 0) state.view = "network";
}
