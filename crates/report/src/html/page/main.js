// Addresses and keys.

const overview = document.getElementById("overview");
const detail = document.getElementById("detail");
const EMPTY = { q: "", f: "", tag: "", tool: "", reason: "", cause: "", sort: "", limit: PAGE };

let state = { ...EMPTY };
let shown; // the episode or the two episodes that are looked at
let turn = 0;
let scrolled = 0;

function address(s) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(s)) if (value && value !== EMPTY[key]) query.set(key, value);
  const text = query.toString();
  return text ? `#/?${text}` : "#/";
}

function go(next) {
  state = next;
  history.replaceState(null, "", address(state));
  matrix(document.getElementById("matrix"), state, go);
}

function find(arm, scenario, trial) {
  const a = index.arms.findIndex((x) => x.name === arm);
  const s = index.scenarios.findIndex((x) => x.name === scenario);
  return episodes[s]?.[a]?.find((e) => e[TRIAL] === Number(trial));
}

function nowhere(why) {
  replace(detail, h("p", null, h("a", { href: "#/" }, "← all scenarios")), h("p", { class: "unsure" }, why));
  return () => {};
}

async function route() {
  const mine = ++turn;
  const [path, query] = location.hash.replace(/^#/, "").split("?");
  const parts = path.split("/").slice(1).map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  const parameters = new URLSearchParams(query ?? "");
  if (parts[0] !== "e" && parts[0] !== "vs") {
    const asked = Object.fromEntries(Object.keys(EMPTY).map((key) => [key, parameters.get(key) ?? EMPTY[key]]));
    state = { ...asked, limit: Math.max(PAGE, Number(asked.limit) || PAGE) };
    const back = shown !== undefined;
    shown = undefined;
    matrix(document.getElementById("matrix"), state, go);
    detail.hidden = true;
    overview.hidden = false;
    if (back) scrollTo(0, scrolled);
    else if (query) document.getElementById("scenarios").scrollIntoView();
    return;
  }
  const step = parameters.has("step") ? Number(parameters.get("step")) : undefined;
  const same = shown && shown.path === path;
  let draw;
  try {
    if (parts[0] === "e") {
      const episode = find(parts[1], parts[2], parts[3]);
      if (episode) draw = await one(detail, episode, step);
      if (mine === turn) shown = { path, one: episode, step };
    } else {
      const [a, b] = [find(parts[2], parts[1], parts[3]), find(parts[4], parts[1], parts[5])];
      if (a && b) draw = await two(detail, a, b);
      if (mine === turn) shown = { path, two: a && b ? [a, b] : undefined };
    }
    draw ??= () => nowhere("The report holds no such episode.");
  } catch (error) {
    draw = () => nowhere(`This episode cannot be shown: ${error.message}`);
  }
  // Another address has been gone to meanwhile.
  if (mine !== turn) return;
  if (!overview.hidden) scrolled = scrollY;
  draw();
  overview.hidden = true;
  detail.hidden = false;
  const to = step === undefined ? detail.querySelector("li.part") : document.getElementById(`step${step}`);
  if (to) to.scrollIntoView({ block: "center" });
  else if (!same) scrollTo(0, 0);
}

/** The next scenario on which endpoints differ, in the order of the matrix. */
function nextFlip(by) {
  const all = (list.rows.length ? list.rows : index.scenarios.map((_, s) => s)).filter((s) => flips(index.scenarios[s]));
  if (!all.length) return;
  const now = shown?.one?.[SCENARIO] ?? shown?.two?.[0][SCENARIO];
  const place = all.indexOf(now);
  const s = all[place < 0 ? (by > 0 ? 0 : all.length - 1) : (place + by + all.length) % all.length];
  const two = index.arms.length > 1 && apart(s);
  const alone = telling(episodes[s].flat());
  location.hash = two ? besides(...two) : alone ? link(alone) : location.hash;
}

function swap() {
  if (shown?.two) location.hash = besides(shown.two[1], shown.two[0]);
  else if (shown?.one) {
    const [s, a] = [shown.one[SCENARIO], shown.one[ARM]];
    const others = [...index.arms.keys()].map((n) => (a + 1 + n) % index.arms.length).filter((o) => o !== a && episodes[s][o].length);
    const trial = episodes[s][others[0]]?.find((e) => e[TRIAL] === shown.one[TRIAL]) ?? telling(episodes[s][others[0]] ?? []);
    if (trial) location.hash = link(trial);
  }
}

function stepBy(by) {
  const steps = [...detail.querySelectorAll("section:first-of-type li[data-step]")];
  const now = steps.findIndex((li) => li.classList.contains("at"));
  const next = steps[Math.max(0, Math.min(steps.length - 1, now + by))];
  if (!next) return;
  steps[now]?.classList.remove("at");
  next.classList.add("at");
  next.scrollIntoView({ block: "nearest" });
  if (shown.one) history.replaceState(null, "", link(shown.one, next.dataset.step));
}

const KEYS = [
  ["j k", "next, previous scenario or step"],
  ["Enter", "open the marked scenario"],
  ["/", "search"],
  ["[ ]", "previous, next scenario on which endpoints differ"],
  ["x", "swap the two sides, or go to the other endpoint"],
  ["Esc", "back to all scenarios"],
  ["?", "these keys"],
];
const help = h("dialog", { "aria-label": "Keys" }, h("h2", null, "Keys"),
  h("table", null, h("tbody", null, KEYS.map(([key, what]) => h("tr", null, h("td", null, key.split(" ").map((k) => [h("kbd", null, k), " "])), h("td", null, what))))),
  h("form", { method: "dialog" }, h("button", null, "close")));
document.body.append(help);

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const inside = shown !== undefined;
  const act = {
    j: () => (inside ? stepBy(1) : move(1)),
    k: () => (inside ? stepBy(-1) : move(-1)),
    Enter: () => {
      if (inside || event.target.closest("a, button, summary")) return false;
      document.querySelector("#matrix tr.at a")?.click();
    },
    "/": () => {
      // The field is there at once, or as soon as the matrix is: no letter typed after the key is lost.
      if (inside) {
        addEventListener("hashchange", () => setTimeout(() => document.getElementById("search")?.focus()), { once: true });
        location.hash = address(state);
      } else document.getElementById("search")?.focus();
    },
    "[": () => nextFlip(-1),
    "]": () => nextFlip(1),
    x: swap,
    Escape: () => inside && (location.hash = address(state)),
    "?": () => help.showModal(),
  }[event.key];
  if (act && act() !== false) event.preventDefault();
});
addEventListener("click", (event) => {
  if (event.target.closest?.("[data-back]")) {
    event.preventDefault();
    location.hash = address(state);
  }
});
addEventListener("hashchange", route);
route();
