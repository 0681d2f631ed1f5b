/* ---- right: what is told of a group ---- */

function groupFacts(grouping, group) {
  const members = memberLists[grouping][group];
  const [, , , , stands] = groupings[grouping].groups[group];
  return [
    ...heading(groupName(grouping, group), say(groupings[grouping].label), nodeGlyph({ shape: "circle", colour: groupColour(group) })),
    element("div", "actions", button("primary", () => openGroup(grouping, group), phrase("open_group"))),
    ...groupSections(grouping, group, members),
    ...(stands < 0 ? [] : [findings(remarks.filter(({ subjects }) => subjects.includes(stands)))]),
    ...(stands < 0 ? [] : prospectSections(stands)),
  ];
}

function scopeSections() {
  if (state.group < 0 || state.focus || state.path) return [];
  return groupSections(state.grouping, state.group, memberLists[state.grouping][state.group]);
}

function groupSections(grouping, group, members) {
  const inside = new Set(members);
  let within = 0;
  const outside = new Map();
  for (const node of members) {
    for (const link of linksOf(node)) {
      const partner = partnerOf(link, node);
      if (linkKinds[column.linkKind[link]].dashed || !linkOn[link]) continue;
      if (inside.has(partner)) within += column.source[link] === node ? 1 : 0;
      else for (const other of groupsOf(grouping, partner)) outside.set(other, (outside.get(other) || 0) + 1);
    }
  }
  const facts = element("dl", "",
    element("dt", "", phrase("members")), element("dd", "", number(members.length)),
    element("dt", "", phrase("links_within")), element("dd", "", number(within)),
    element("dt", "", phrase("links_outside")), element("dd", "", number([...outside.values()].reduce((a, b) => a + b, 0))));
  return [facts, kindsSection(members), bestSection(members), neighbourSection(grouping, outside)].filter(Boolean);
}

function kindsSection(members) {
  const counts = counted(nodeKinds, members.map((node) => column.kind[node]));
  const rows = nodeKinds.map((kind, at) => [kind, counts[at]]).filter(([, count]) => count)
    .sort((a, b) => b[1] - a[1]).map(([kind, count]) => element("li", "row", nodeGlyph(kind),
      element("span", "grow", say(kind.label)), element("span", "count", number(count))));
  return section(phrase("node_kinds"), listOf(rows, ""));
}

function bestSection(members) {
  if (!measures.length) return null;
  const ranks = column[`rank${state.measure}`];
  const best = members.filter((node) => ranks[node]).sort((a, b) => ranks[a] - ranks[b] || a - b).slice(0, TOP);
  const title = phrase("top", { n: number(best.length), measure: say(measures[state.measure].label) });
  return best.length && state.picked >= 0 ? section(title, listOf(best.map(topRow), "top")) : null;
}

function neighbourSection(grouping, outside) {
  const rows = [...outside].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 8).map(([other, count]) =>
    element("li", "row", nodeGlyph({ shape: "circle", colour: groupColour(other) }),
      button("link grow", () => (state.view === "overview" ? pickGroup(other) : openGroup(grouping, other)), groupName(grouping, other)),
      element("span", "count", number(count))));
  return rows.length ? section(phrase("linked_groups"), listOf(rows, "")) : null;
}
