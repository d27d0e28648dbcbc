// The index, and the records behind it.

const index = JSON.parse(document.getElementById("index").textContent);

const [ARM, SCENARIO, TRIAL, PASSED, REASON, CAUSE, INFRASTRUCTURE, COST, TURNS, CALLS, TOOLSET, CHUNK, PLACE] = Array(13).keys();

const toolsets = index.toolsets.map((set) => new Set(set ? set.split(" ").map(Number) : []));
const flipped = new Set(index.flips);

/** The episodes of each scenario, by arm and trial. */
const episodes = index.scenarios.map(() => index.arms.map(() => []));
for (const episode of index.episodes) episodes[episode[SCENARIO]][episode[ARM]].push(episode);
for (const arms of episodes) for (const list of arms) list.sort((a, b) => a[TRIAL] - b[TRIAL]);

const runs = [...new Set(index.arms.map((arm) => arm.run))];
const cases = new Map(index.cases.map(([run, scenario, chunk, place]) => [`${run} ${scenario}`, [chunk, place]]));

/** A number whose digits a double cannot hold; it is shown as it was written. */
class Digits {
  constructor(text) {
    this.text = text;
  }
}

/** JSON with every number as it was written, where the browser tells. */
function parse(text) {
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source
      ? new Digits(context.source)
      : value,
  );
}

const chunks = new Map();
const waiting = new Map();

// Chunks beside the page call this when their script has been loaded.
window.mocktrialChunk = (number, text) => waiting.get(number)?.(text);

function packed(number) {
  const inside = document.getElementById(`chunk${number}`);
  if (inside) return Promise.resolve(inside.textContent);
  return new Promise((resolve, reject) => {
    waiting.set(number, resolve);
    const script = document.createElement("script");
    script.src = `${index.folder}/${number}.js`;
    script.onerror = () => reject(new Error(`the file ${index.folder}/${number}.js is missing: keep the folder beside the page`));
    document.head.append(script);
  });
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).text()).split("\n");
}

/** The texts of a chunk; the last few stay at hand. */
function chunk(number) {
  if (!chunks.has(number)) {
    const texts = packed(number).then(unpack);
    texts.catch(() => chunks.delete(number));
    chunks.set(number, texts);
    if (chunks.size > 12) chunks.delete(chunks.keys().next().value);
  }
  return chunks.get(number);
}

/** An episode's record as text: row, trajectory, measurements, grades. */
const record = async (episode) => (await chunk(episode[CHUNK]))[episode[PLACE]];

/** What a scenario is made of; nothing where the page holds none. */
async function caseOf(episode) {
  const place = cases.get(`${runs.indexOf(index.arms[episode[ARM]].run)} ${episode[SCENARIO]}`);
  return place ? parse((await chunk(place[0]))[place[1]]) : undefined;
}

/** A value as people read JSON: keys without quotes would be prettier, and not JSON. */
function show(value, indent = "") {
  if (value instanceof Digits) return value.text;
  if (value === undefined) return "nothing";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const list = Array.isArray(value);
  const inner = indent + "  ";
  const parts = list
    ? value.map((item) => show(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${show(item, inner)}`);
  const [open, close] = list ? "[]" : "{}";
  const line = `${open}${parts.join(", ")}${close}`;
  if (line.length + indent.length <= 76 && !line.includes("\n")) return line;
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
}

/** Equal whatever the order of keys, and 25 = 25.0. */
function same(a, b) {
  const number = (x) => (x instanceof Digits ? Number(x.text) : x);
  [a, b] = [number(a), number(b)];
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object" || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}
