/* ---- the table: the same nodes as rows, for those who cannot or would not look at a picture ---- */

const ROWS_SHOWN = 200;

function tableColumns() {
  const plain = [
    { code: "name", title: phrase("name"), value: nameOf },
    { code: "kind", title: phrase("kind"), value: (node) => say(kindOf(node).label) },
    { code: "links", title: phrase("links"), value: (node) => degree[node], figure: true },
  ];
  const groups = groupings.map(({ label }, at) => ({
    code: `group ${at}`, title: say(label),
    value: (node) => groupsOf(at, node).map((group) => groupName(at, group)).join(", "),
  }));
  return [...plain, ...groups, ...measures.map(({ label }, at) => ({
    code: `measure ${at}`, title: say(label), figure: true,
    value: (node) => (column[`rank${at}`][node] ? column[`value${at}`][node] : null),
    rank: (node) => column[`rank${at}`][node],
  }))];
}

function sortedRows(shown) {
  const by = shown.find(({ code }) => code === state.sort.column);
  const rows = scopeNodes();
  if (!by) {
    const place = new Map(Array.from(bySize, (node, at) => [node, at]));
    return rows.sort((a, b) => place.get(a) - place.get(b));
  }
  const sign = state.sort.descending ? -1 : 1;
  const values = new Map(rows.map((node) => [node, by.value(node)]));
  return rows.sort((a, b) => {
    const [one, other] = [values.get(a), values.get(b)];
    // Last either way.
    if (one === null || other === null) return (one === null) - (other === null);
    return sign * (by.figure ? one - other : compare(one, other)) || a - b;
  });
}

function headCell({ code, title, figure }) {
  const current = state.sort.column === code;
  const { descending } = state.sort;
  const sort = button("", () => {
    state.sort = { column: code, descending: current ? !descending : Boolean(figure) };
    state.page = 0;
    showTable();
    byId("table").querySelector(`th:nth-child(${cell.cellIndex + 1}) button`).focus();
  }, title, unread(current ? (descending ? " ↓" : " ↑") : "", ""));
  const cell = element("th", figure ? "figure-cell" : "", sort);
  cell.scope = "col";
  cell.ariaSort = current ? (descending ? "descending" : "ascending") : "none";
  return cell;
}

function bodyCell(node, { code, value, rank, figure }) {
  if (code === "name") {
    const cell = element("th", "", button("link", () => select([node]), nameOf(node)));
    cell.scope = "row";
    return cell;
  }
  const place = rank?.(node);
  const small = place ? [element("small", "", ` ${phrase("rank", { rank: number(place) })}`)] : [];
  return element("td", figure ? "figure-cell" : "", figure ? number(value(node)) : value(node), ...small);
}

function showTable() {
  const shown = tableColumns();
  const all = sortedRows(shown);
  const pages = Math.max(1, Math.ceil(all.length / ROWS_SHOWN));
  state.page = clamp(state.page, 0, pages - 1);
  const nodes = state.printing ? all.slice(0, 2000) : all.slice(state.page * ROWS_SHOWN, (state.page + 1) * ROWS_SHOWN);
  const rows = nodes.map((node) => element("tr", "", ...shown.map((one) => bodyCell(node, one))));
  byId("table").replaceChildren(element("table", "",
    element("caption", "unseen", phrase("table_caption")),
    element("thead", "", element("tr", "", ...shown.map(headCell))),
    element("tbody", "", ...rows)), ...(pages > 1 ? [pager(pages, all.length)] : []));
}

function pager(pages, count) {
  const turn = (by, name, sign) => {
    const made = button("", () => {
      state.page += by;
      showTable();
      byId("table").scrollTop = 0;
      const again = byId("table").querySelector(`.pager .${name}`);
      (again.disabled ? byId("table") : again).focus();
    }, sign);
    made.className = name;
    made.ariaLabel = made.title = phrase(name);
    made.disabled = state.page + by < 0 || state.page + by >= pages;
    return made;
  };
  const first = state.page * ROWS_SHOWN;
  const text = phrase("rows", { from: number(first + 1), to: number(Math.min(count, first + ROWS_SHOWN)), n: number(count) });
  return element("div", "pager", turn(-1, "page_before", "←"), element("span", "", text), turn(1, "page_after", "→"));
}
