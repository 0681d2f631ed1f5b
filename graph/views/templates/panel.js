/* ---- right: facts ---- */

const TOP = 10;

function overview() {
  const parts = measures.length && bySize.length ? [topSection()] : [];
  if (inScope()) return [...scopeSections(), ...parts];
  return [...parts, findings(remarks), ...asides()];
}

function topSection() {
  const ranks = column[`rank${state.measure}`];
  const scope = inScope();
  const inside = scope && new Set(scope);
  const ranked = Array.from(bySize).filter((node) => ranks[node] && (!inside || inside.has(node)))
    .sort((a, b) => ranks[a] - ranks[b] || compare(nameOf(a), nameOf(b)));
  const first = ranked.slice(0, TOP);
  const title = phrase("top", { n: number(first.length), measure: say(measures[state.measure].label) });
  const top = section(title, listOf(first.map(topRow), "top"));
  const last = first.length ? ranks[first[first.length - 1]] : 0;
  const cut = ranked.slice(TOP).filter((node) => ranks[node] === last).length;
  if (cut) top.append(quiet(phrase("tie_cut", { n: number(cut), rank: number(last) })));
  return top;
}

function topRow(node) {
  return element("li", "",
    element("span", "place", number(column[`rank${state.measure}`][node])),
    button("link grow", () => select([node], { zoom: true }), nameOf(node)),
    element("span", "count", number(column[`value${state.measure}`][node])));
}

const isSuggestion = ({ rule }) => rule === "suggested";

function findings(list) {
  const title = `${phrase("findings")} · ${number(list.length)}`;
  if (!list.length) return section(title, quiet(phrase("no_findings")));
  return section(title, ...shortened(list.map((remark) => {
    const act = () => select([...new Set(remark.subjects)], { zoom: true });
    const text = say(remark.text);
    return element("li", "finding", element("b", "", say(remark.label)),
      remark.subjects.length ? button("link", act, text) : element("p", "", text));
  }), 12, ""));
}

function asides() {
  if (!data.asides.length) return [];
  return [section(phrase("asides"), ...data.asides.map((at) => quiet(say(at))))];
}

function rankRow(node, at) {
  const { label, meaning } = measures[at];
  const rank = column[`rank${at}`][node];
  const value = column[`value${at}`][node];
  const figure = element("span", "count", `${number(value)} · `, element("b", "", phrase("rank", { rank: number(rank) })));
  const filled = element("i", "");
  filled.style.width = `${clamp((100 * value) / (highest[at] || 1), 0, 100)}%`;
  const row = element("div", "figure",
    element("div", "line", element("span", "grow", say(label)), figure), element("div", "bar", filled));
  row.title = say(meaning);
  const tied = sharing[at].get(rank);
  if (tied > 1) row.append(quiet(phrase("tied", { n: number(tied - 1) })));
  return row;
}

function partnerRow(link, node) {
  const outgoing = column.source[link] === node;
  const partner = partnerOf(link, node);
  const kind = linkKinds[column.linkKind[link]];
  const [sign, word] = !kind.directed ? ["–", phrase("mutual")]
    : outgoing ? ["→", phrase("outgoing")] : ["←", phrase("incoming")];
  const open = () => select([partner], { zoom: true });
  const body = element("div", "grow", button("link", open, element("span", "unseen", `${word}: `), nameOf(partner)));
  const detail = say(column.detail[link]);
  if (detail) body.append(quiet(detail));
  const from = column.since[link] || column.until[link];
  if (from) body.append(quiet(phrase("holds", { since: column.since[link] || "…", until: column.until[link] || "…" })));
  const cited = references("link", link);
  if (cited.length) body.append(listOf(cited, "references"));
  return element("li", "partner", unread(sign, "arrow"), body);
}

/* By kind, and within a kind by direction. */
function partners(node) {
  return linkKinds.flatMap((kind, at) => {
    const own = Array.from(linksOf(node)).filter((link) => column.linkKind[link] === at)
      .sort((a, b) => (column.source[b] === node) - (column.source[a] === node) || compare(nameOf(partnerOf(a, node)), nameOf(partnerOf(b, node))));
    if (!own.length) return [];
    const outgoing = own.filter((link) => column.source[link] === node).length;
    const split = kind.directed && outgoing && outgoing < own.length
      ? ` (→ ${number(outgoing)}, ← ${number(own.length - outgoing)})` : "";
    const title = element("span", "", `${say(kind.label)} · ${number(own.length)}${split}`);
    const rows = own.slice(0, 400).map((link) => partnerRow(link, node));
    return [element("section", "", element("h2", "", linkGlyph(kind), title), ...shortened(rows, 15, ""))];
  });
}

function actions(node) {
  const row = element("div", "actions");
  const steps = [1, 2, 3].map((step) => {
    const made = button("", () => focusOn(node, step), number(step));
    made.ariaLabel = made.title = phrase("surroundings", { n: number(step) });
    made.ariaPressed = String(state.focus?.node === node && state.focus.steps === step);
    return made;
  });
  const group = element("span", "toggle", ...steps);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", phrase("steps"));
  row.append(element("span", "quiet", phrase("steps")), group, button("", () => startPath(node), phrase("path_from")));
  groupings.forEach((_, at) => {
    const opens = standsFor[at].get(node);
    if (opens !== undefined) row.append(button("primary", () => openGroup(at, opens), phrase("open_group")));
  });
  return row;
}

function heading(name, kind, picture) {
  const clear = button("clear", () => select([]), "×");
  clear.ariaLabel = clear.title = phrase("clear");
  return [element("div", "kind", picture, element("span", "grow", kind), clear), element("h2", "name", name)];
}

function factsOf(node) {
  const facts = [];
  for (let at = column.factStart[node]; at < column.factStart[node + 1]; at += 1) {
    // Where a value is the end of the IRI it is not written a second time.
    const value = column.factValue[at] < 0 ? data.iris[node][1] : say(column.factValue[at]);
    facts.push(element("dt", "", say(column.factLabel[at])), element("dd", "", value));
  }
  const ranked = measures.map((_, at) => at).filter((at) => column[`rank${at}`][node]);
  const about = remarks.filter(({ subjects }) => subjects.includes(node));
  const cited = references("node", node);
  return [
    ...heading(nameOf(node), say(kindOf(node).label), nodeGlyph(kindOf(node))),
    actions(node),
    ...(facts.length ? [element("dl", "", ...facts)] : []),
    ...(ranked.length ? [section(phrase("ranks"), ...ranked.map((at) => rankRow(node, at)))] : []),
    ...(about.length ? [findings(about)] : []),
    ...prospectSections(node),
    ...partners(node),
    ...(cited.length ? [section(phrase("sources"), listOf(cited, "sources"))] : []),
  ];
}

function showPanel() {
  const panel = byId("panel");
  const [node] = state.subjects;
  panel.replaceChildren(...(node !== undefined ? factsOf(node)
    : state.picked >= 0 ? groupFacts(state.grouping, state.picked) : overview()));
  panel.scrollTop = 0;
}
