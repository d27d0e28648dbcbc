// The matrix: a row a scenario, a cell an endpoint; what is shown is in the address.

const FILTERS = [
  ["", "all"],
  ["flipped", "flipped", "endpoints differ beyond what one of them does by itself"],
  ["mixed", "flaky", "some trials pass and some fail"],
  ["failing", "failing", "at least one trial fails"],
  ["infrastructure", "infrastructure", "a trial was lost to something outside the endpoint"],
  ["dear", "expensive", "among the tenth of scenarios that cost most"],
];
const PAGE = 300;

const rate = (cell) => (cell && cell[1] > 0 ? cell[0] / cell[1] : undefined);

function flips(scenario) {
  if (flipped.size > 0) return flipped.has(scenario.name);
  const rates = scenario.cells.map(rate).filter((r) => r !== undefined);
  return rates.some((r) => r !== rates[0]);
}

const costs = index.scenarios.map((_, s) => {
  const all = episodes[s].flat();
  return all.length && all.every((e) => e[COST] !== null) ? all.reduce((sum, e) => sum + e[COST], 0) / all.length : undefined;
});
const known = costs.filter((c) => c > 0).sort((a, b) => b - a);
const dear = known.length ? known[Math.floor((known.length - 1) / 10)] : Infinity;

function kept(state) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  index.scenarios.forEach((scenario, s) => {
    const text = `${scenario.name} ${scenario.title} ${scenario.tags.join(" ")}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return;
    if (state.tag && !scenario.tags.includes(state.tag)) return;
    const cells = scenario.cells.filter(Boolean);
    const some = (test) => episodes[s].some((list) => list.some(test));
    const pass = {
      "": () => true,
      flipped: () => flips(scenario),
      mixed: () => cells.some(([k, n]) => k > 0 && k < n),
      failing: () => cells.some(([k, n]) => k < n),
      infrastructure: () => some((e) => e[INFRASTRUCTURE] === 1),
      dear: () => costs[s] >= dear,
    }[state.f];
    if (pass && !pass()) return;
    const tool = state.tool ? index.tools.indexOf(state.tool) : -1;
    if (state.tool && !some((e) => toolsets[e[TOOLSET]].has(tool))) return;
    if (state.reason && !some((e) => index.reasons[e[REASON]] === state.reason)) return;
    if (state.cause && !some((e) => index.causes[e[CAUSE]] === state.cause)) return;
    found.push(s);
  });
  return sorted(found, state);
}

function sorted(found, state) {
  const down = state.sort.startsWith("-");
  const by = state.sort.replace("-", "");
  if (!by) return found;
  const value = {
    name: (s) => index.scenarios[s].name,
    cost: (s) => costs[s] ?? -1,
  }[by] ?? ((s) => rate(index.scenarios[s].cells[Number(by)]) ?? -1);
  const order = (a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a - b);
  return found.sort((a, b) => (down ? order(b, a) : order(a, b)));
}

function mark(cell) {
  if (!cell) return ["lost", "–", "not planned"];
  const [k, n, excluded] = cell;
  const said = `${k} of ${count(n, "trial")} passed${excluded ? `, ${excluded} left out` : ""}`;
  if (n === 0) return ["lost", "0/0", said];
  return [k === n ? "all" : k === 0 ? "none" : "some", `${k === n ? "✓" : k === 0 ? "✗" : "~"} ${k}/${n}`, said];
}

/** The trial to look at first: one that failed, else the first. */
function telling(list) {
  return list.find((e) => e[PASSED] === 0) ?? list.find((e) => e[PASSED] === 2) ?? list[0];
}

function link(episode, step) {
  const { name } = index.scenarios[episode[SCENARIO]];
  const arm = index.arms[episode[ARM]].name;
  return `#/e/${encodeURIComponent(arm)}/${encodeURIComponent(name)}/${episode[TRIAL]}${step === undefined ? "" : `?step=${step}`}`;
}

function besides(a, b) {
  const { name } = index.scenarios[a[SCENARIO]];
  const side = (e) => `${encodeURIComponent(index.arms[e[ARM]].name)}/${e[TRIAL]}`;
  return `#/vs/${encodeURIComponent(name)}/${side(a)}/${side(b)}`;
}

/** Two trials of a scenario that show how its endpoints differ. */
function apart(s) {
  const [a, b] = index.pairs.find(([a, b]) => rate(index.scenarios[s].cells[a]) !== rate(index.scenarios[s].cells[b])) ?? index.pairs[0] ?? [0, 1];
  const [first, second] = [episodes[s][a] ?? [], episodes[s][b] ?? []];
  if (!first.length || !second.length) return undefined;
  const better = (rate(index.scenarios[s].cells[a]) ?? 0) >= (rate(index.scenarios[s].cells[b]) ?? 0);
  const good = (list) => list.find((e) => e[PASSED] === 1) ?? list[0];
  return better ? [good(first), telling(second)] : [telling(first), good(second)];
}

const list = { rows: [], at: -1 };

function matrix(place, state, go) {
  list.rows = kept(state);
  list.at = Math.min(list.at, list.rows.length - 1);
  const set = (change) => go({ ...state, ...change });
  const words = (all) => [...new Set(all)].filter(Boolean).sort();
  const choice = (key, label, options) =>
    options.length === 0
      ? null
      : h("select", { "aria-label": label, onchange: (event) => set({ [key]: event.target.value }) },
          h("option", { value: "" }, `${label}: any`),
          options.map((o) => h("option", { value: o, selected: state[key] === o }, o)));
  const search = h("input", {
    type: "search", id: "search", placeholder: "Search scenarios ( / )", value: state.q, "aria-label": "Search scenarios",
    oninput: (event) => set({ q: event.target.value }),
  });
  const filters = FILTERS.filter(([key]) => (key !== "dear" || known.length > 0) && (key !== "flipped" || index.arms.length > 1));
  const tools = h("div", { class: "tools", role: "search" }, search,
    filters.map(([key, label, title]) => h("button", { type: "button", "aria-pressed": String(state.f === key), title, onclick: () => set({ f: key }) }, label)),
    choice("tag", "tag", words(index.scenarios.flatMap((s) => s.tags))),
    choice("tool", "tool", words(index.tools)),
    choice("reason", "failure", words(index.reasons)),
    choice("cause", "cause", words(index.causes)));
  const head = (key, label) => {
    const now = state.sort === key ? "ascending" : state.sort === `-${key}` ? "descending" : "none";
    const next = now === "ascending" ? `-${key}` : key;
    const sign = { ascending: " ↑", descending: " ↓", none: "" }[now];
    return h("th", { scope: "col", "aria-sort": now }, h("button", { type: "button", onclick: () => set({ sort: next }) }, label + sign));
  };
  const shown = list.rows.slice(0, state.limit);
  const row = (s, n) => {
    const scenario = index.scenarios[s];
    const cell = (c, a) => {
      const [kind, text, said] = mark(c);
      const episode = telling(episodes[s][a]);
      const name = `${index.arms[a].name}: ${said}`;
      const inside = episode
        ? h("a", { class: `cell ${kind}`, href: link(episode), title: name, "aria-label": `${text} ${scenario.name}, ${name}` }, text)
        : h("span", { class: `cell ${kind}`, title: name }, text);
      return h("td", { class: "keep" }, inside);
    };
    const two = index.arms.length > 1 && apart(s);
    return h("tr", { "data-row": n, class: n === list.at && "at" },
      h("td", { class: "name" }, h("span", null, scenario.name), " ", h("span", { class: "faint small" }, scenario.title),
        h("span", { class: "tags" }, " ", scenario.tags.map((tag) => h("span", { class: "tag" }, tag)))),
      scenario.cells.map(cell),
      index.arms.length > 1 && h("td", { class: "noprint" }, two && h("a", { href: besides(...two), class: "small keep", "aria-label": `side by side: ${scenario.name}` }, "side by side")));
  };
  const more = list.rows.length - shown.length;
  // The field keeps focus and caret while the table under it changes.
  const old = document.getElementById("search");
  const focus = old && document.activeElement === old && [old.selectionStart, old.selectionEnd];
  replace(place, tools,
    h("p", { class: "faint small", role: "status" }, `${list.rows.length} of ${count(index.scenarios.length, "scenario")}`),
    h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Scenarios by endpoint" }, h("table", null,
      h("thead", null, h("tr", null, head("name", "scenario"), index.arms.map((arm, a) => head(String(a), arm.name)), index.arms.length > 1 && h("th", { scope: "col", class: "noprint" }, h("span", { hidden: true }, "compare")))),
      h("tbody", null, shown.map(row)))),
    more > 0 && h("p", null, h("button", { type: "button", onclick: () => set({ limit: state.limit + PAGE }) }, `show ${Math.min(more, PAGE)} more of ${more}`)));
  if (focus) {
    search.focus();
    search.setSelectionRange(...focus);
  }
}

/** Moves the marked row; returns whether there is one. */
function move(by) {
  if (!list.rows.length) return;
  list.at = Math.max(0, Math.min(list.rows.length - 1, list.at + by));
  document.querySelector("#matrix tr.at")?.classList.remove("at");
  const row = document.querySelector(`#matrix tr[data-row="${list.at}"]`);
  row?.classList.add("at");
  row?.scrollIntoView({ block: "nearest" });
}
