// One episode as a timeline, or two side by side.

/** The parts of a JSON Pointer. */
const tokens = (path) => path.split("/").slice(1).map((t) => t.replaceAll("~1", "/").replaceAll("~0", "~"));

function at(value, path) {
  for (const token of tokens(path)) {
    if (value === null || typeof value !== "object") return undefined;
    value = Array.isArray(value) && token === "-" ? undefined : Object.hasOwn(value, token) ? value[token] : undefined;
  }
  return value;
}

/** Applies a patch to a state of our own; returns it (a patch may replace the whole). */
function apply(state, op) {
  const path = tokens(op.path);
  if (!path.length) return op.op === "remove" ? undefined : op.value;
  const last = path.pop();
  const parent = path.reduce((value, token) => (value !== null && typeof value === "object" && Object.hasOwn(value, token) ? value[token] : undefined), state);
  if (parent === null || typeof parent !== "object") return state;
  if (Array.isArray(parent)) {
    if (op.op === "add") parent.splice(last === "-" ? parent.length : Number(last), 0, op.value);
    else if (op.op === "remove") parent.splice(Number(last), 1);
    else parent[last] = op.value;
  } else if (op.op === "remove") delete parent[last];
  else Object.defineProperty(parent, last, { value: op.value, writable: true, enumerable: true, configurable: true });
  return state;
}

const clone = (value) => (value instanceof Digits || value === null || typeof value !== "object" ? value
  : Array.isArray(value) ? value.map(clone)
  : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, clone(v)])));

/** The calls of a trajectory, in order. */
const calls = (events) => events.filter((e) => e.body.type === "call");

const argumentsOf = (call) => (call.arguments && "value" in call.arguments ? call.arguments.value : call.arguments?.text);

/** The first place at which two lists of calls part; nothing where they do not. */
function divergence(a, b) {
  const most = Math.max(a.length, b.length);
  for (let n = 0; n < most; n++) {
    const [x, y] = [a[n]?.body, b[n]?.body];
    if (!x || !y || x.tool !== y.tool || !same(argumentsOf(x), argumentsOf(y))) return n;
  }
  return undefined;
}

function typeName(schema) {
  if (!schema || typeof schema !== "object") return "";
  if (schema.enum) return schema.enum.map((v) => show(v)).join(" | ");
  return Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type ?? "";
}

/** Arguments beside what the tool's schema says of them. */
function argumentTable(value, spec, other) {
  const object = value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Digits);
  if (!object) return h("pre", null, typeof value === "string" ? value : show(value));
  const schema = spec?.input_schema ?? {};
  const properties = schema.properties ?? {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const names = [...new Set([...Object.keys(value), ...required])];
  if (!names.length) return h("span", { class: "faint" }, "no arguments");
  return h("table", { class: "args" }, h("tbody", null, names.map((name) => {
    const given = Object.hasOwn(value, name);
    const parts = other !== undefined && (!given || !Object.hasOwn(other ?? {}, name) || !same(value[name], other[name]));
    const note = !given ? "missing, and required" : spec && !Object.hasOwn(properties, name) ? "not in the schema" : typeName(properties[name]);
    return h("tr", null,
      h("th", { scope: "row" }, h("code", null, name)),
      h("td", { class: parts && "unsure" }, given ? h("code", { class: "said" }, show(value[name])) : h("span", { class: "fail" }, "–"), parts && " ≠"),
      h("td", { class: !given ? "fail" : "faint", title: properties[name]?.description }, note));
  })));
}

function ofState(event, world) {
  const lines = event.body.patch.map((op) => {
    const before = world.state === undefined ? undefined : clone(at(world.state, op.path));
    if (world.state !== undefined) world.state = apply(world.state, clone(op));
    const old = op.op === "add" && before === undefined ? null : world.known && h("del", null, before === undefined ? "" : `− ${show(before)}`);
    return h("div", null, h("code", null, op.path || "(the whole state)"), old && [h("br"), old], op.op !== "remove" && [h("br"), h("ins", null, `+ ${show(op.value)}`)], op.op === "remove" && !world.known && " removed");
  });
  return h("div", { class: "diff mono" }, lines);
}

/** What an event says: its label, how that is coloured, and its body. */
function told(event, context) {
  const { body } = event;
  const said = (text) => h("div", { class: "said" }, text);
  switch (body.type) {
    case "user": return ["user", "", [said(body.text), (body.attachments ?? []).map((a) => h("div", { class: "faint small" }, `attached: ${a.type ?? "file"}`))]];
    case "request": {
      const system = (body.added ?? []).filter((a) => a.role === "system").map((a) => a.text);
      if (!body.parameters && !system.length) return undefined;
      return ["request", "", h("details", null, h("summary", null, system.length ? "system prompt and parameters" : "parameters"), system.map(said), body.parameters && h("pre", null, show(body.parameters)))];
    }
    case "response": {
      const text = (body.content ?? []).map((part) => part.text ?? "").join("");
      const usage = body.usage && `${body.usage.input} tokens in, ${body.usage.output} out`;
      const measured = context.measured.get(event.seq);
      const facts = [usage, measured?.latency_ms !== undefined && time(Number(measured.latency_ms)), measured?.retries > 0 && count(measured.retries, "retry").replace("retrys", "retries"), measured?.replayed && "replayed", body.stop && body.stop.type !== "end" && body.stop.type !== "calls" && `stopped: ${body.stop.type}`].filter(Boolean);
      return ["agent", "agent", [
        body.reasoning && h("details", null, h("summary", null, "what it thought"), said(body.reasoning)),
        text.trim() ? said(text) : h("span", { class: "faint" }, body.calls ? count(body.calls, "call") : "says nothing"),
        h("div", { class: "faint small" }, facts.join(" · "))]];
    }
    case "say": return ["agent", "agent", said(body.text)];
    case "call": {
      const value = argumentsOf(body);
      const spec = context.tools.get(body.tool);
      const other = context.other && context.other.tool === body.tool && context.divergent === event.seq ? argumentsOf(context.other) : undefined;
      return ["call", "agent", [h("strong", { title: spec?.description }, body.tool), argumentTable(value, spec, other)]];
    }
    case "state": return ["world", "pass", ofState(event, context.world)];
    case "result": {
      const text = typeof body.content === "string" ? body.content : show(body.content);
      const kind = body.failure && (typeof body.failure === "string" ? body.failure : body.failure.type ?? "error");
      return [body.failure ? "error" : "result", body.failure ? "fail" : "", [h("pre", null, text), kind && h("div", { class: "fail small" }, String(kind).replaceAll("_", " "))]];
    }
    case "repair": return ["repair", "unsure", said(`${body.what}: ${body.detail}`)];
    case "fault": return ["fault", "unsure", said(body.fault)];
    case "limit": return ["limit", "fail", said(`${body.limit}: ${show(body.reached)} of ${show(body.allowed)}`)];
    case "end": return ["end", "", said(`${body.reason}${body.detail ? `: ${body.detail}` : ""}`)];
    case "reported": return ["reports", "", `${body.usage.input} tokens in, ${body.usage.output} out`];
    default: return [body.type, "", h("pre", null, show(body))];
  }
}

function verdictOf(episode) {
  if (episode[PASSED] === 1) return h("span", { class: "pass" }, "✓ passed");
  if (episode[PASSED] === 0) return h("span", { class: "fail" }, "✗ failed");
  return h("span", { class: "unsure" }, `? no outcome (${index.causes[episode[CAUSE]] || "unknown cause"})`);
}

function gradeList(grades, jump) {
  const row = (grade) => {
    const kind = grade.outcome.type;
    const sign = { passed: "✓", failed: "✗" }[kind] ?? "?";
    const ink = { passed: "pass", failed: "fail" }[kind] ?? "unsure";
    const evidence = (grade.evidence ?? []).map((e) => h("li", null, e.note ?? "",
      (e.events ?? []).map((seq) => [" ", h("a", { href: jump(seq) }, `step ${seq}`)]),
      "expected" in e && h("div", { class: "small" }, "expected ", h("code", null, show(e.expected))),
      "got" in e && h("div", { class: "small" }, "got ", h("code", null, show(e.got)))));
    return h("details", { open: kind !== "passed" },
      h("summary", null, h("span", { class: ink }, `${sign} ${grade.grader}`), ` ${grade.criterion}`, grade.measure !== "task" && ` · ${grade.measure}`, grade.score !== undefined && ` · score ${Number(grade.score instanceof Digits ? grade.score.text : grade.score).toFixed(2)}`),
      grade.outcome.why && h("p", { class: "unsure" }, grade.outcome.why),
      h("ul", null, evidence));
  };
  return [h("h3", null, "Grades"), grades.map(row)];
}

/** The section of one episode. `other` is the call of the other side at which the two part. */
function section(episode, text, made, options) {
  const found = parse(text);
  const { events } = found.trajectory;
  const marks = new Map();
  for (const grade of found.grades) {
    if (grade.outcome.type !== "failed") continue;
    for (const e of grade.evidence ?? []) for (const seq of e.events ?? []) marks.set(seq, [...(marks.get(seq) ?? []), `${grade.grader}: ${e.note ?? ""}`]);
  }
  const context = {
    tools: new Map((made?.tools ?? []).map((tool) => [tool.name, tool])),
    measured: new Map((found.measurements?.events ?? []).map((m) => [m.seq, m])),
    world: { state: made ? clone(made.initial) : undefined, known: Boolean(made) },
    divergent: options.divergent,
    other: options.other,
  };
  const jump = (seq) => link(episode, seq);
  const steps = events.flatMap((event) => {
    const what = told(event, context);
    if (!what) return [];
    const [label, ink, body] = what;
    return [h("li", { id: `${options.prefix}${event.seq}`, "data-step": event.seq, class: [options.step === event.seq && "at", options.divergent === event.seq && "part"].filter(Boolean).join(" ") },
      h("a", { class: "seq", href: jump(event.seq), "aria-label": `Step ${event.seq}` }, String(event.seq)),
      h("span", { class: `label ${ink}` }, label),
      h("div", { class: "body" }, options.divergent === event.seq && h("div", { class: "unsure small" }, "here the two part"), body, (marks.get(event.seq) ?? []).map((m) => h("span", { class: "mark" }, `▲ ${m}`))))];
  });
  const row = found.row;
  const facts = [index.reasons[episode[REASON]], count(episode[TURNS], "turn"), count(episode[CALLS], "call"), row.usage && `${row.usage.input} tokens in, ${row.usage.output} out`, money(episode[COST]), row.replayed && "replayed", `seed ${show(row.seed)}`].filter(Boolean);
  const raw = h("details", null, h("summary", null, "Raw JSON"));
  raw.addEventListener("toggle", () => { if (raw.open && raw.children.length === 1) raw.append(h("pre", null, show(found))); });
  return h("section", { "aria-label": `${index.arms[episode[ARM]].name}, trial ${episode[TRIAL]}` },
    h("h2", null, index.arms[episode[ARM]].name, " ", verdictOf(episode)),
    h("p", { class: "faint small" }, facts.join(" · ")),
    h("nav", { class: "tools small", "aria-label": "Trials" }, "trial", episodes[episode[SCENARIO]][episode[ARM]].map((e) => h("a", { href: options.trial(e), class: `cell ${["none", "all", "lost"][e[PASSED]]}`, "aria-current": e === episode ? "page" : null }, String(e[TRIAL])))),
    h("ol", { class: "steps" }, steps), gradeList(found.grades, jump), raw);
}

function heading(s) {
  const scenario = index.scenarios[s];
  return [h("p", { class: "noprint" }, h("a", { href: "#/", "data-back": true }, "← all scenarios")), h("h1", null, scenario.name), h("p", null, scenario.title, " ", scenario.tags.map((t) => h("span", { class: "tag" }, t)))];
}

async function one(place, episode, step) {
  const [text, made] = await Promise.all([record(episode), caseOf(episode)]);
  const s = episode[SCENARIO];
  const others = index.arms.map((_, a) => a).filter((a) => a !== episode[ARM] && episodes[s][a].length);
  return () => {
    replace(place, heading(s),
      others.length > 0 && h("p", { class: "tools small noprint" }, "beside", others.map((a) => h("a", { href: besides(episode, telling(episodes[s][a])) }, index.arms[a].name))),
      section(episode, text, made, { step, prefix: "step", trial: (e) => link(e) }));
  };
}

async function two(place, a, b) {
  const [x, y, made, madeB] = await Promise.all([record(a), record(b), caseOf(a), caseOf(b)]);
  const [callsA, callsB] = [x, y].map((text) => calls(parse(text).trajectory.events));
  const n = divergence(callsA, callsB);
  const [first, second] = n === undefined ? [] : [callsA[n], callsB[n]];
  const name = (call) => (call ? `calls ${call.body.tool}` : "calls nothing more");
  const said = n === undefined ? "Both make the same calls with the same arguments." : `They part at call ${n + 1}: ${index.arms[a[ARM]].name} ${name(first)}, ${index.arms[b[ARM]].name} ${name(second)}${first && second && first.body.tool === second.body.tool ? " with other arguments (marked ≠)" : ""}.`;
  return () => {
    replace(place, heading(a[SCENARIO]), h("p", { class: n === undefined ? "" : "settle" }, said),
      h("div", { class: "sides two" },
        section(a, x, made, { prefix: "left", divergent: first?.seq, other: second?.body, trial: (e) => besides(e, b) }),
        section(b, y, madeB, { prefix: "right", divergent: second?.seq, other: first?.body, trial: (e) => besides(a, e) })));
  };
}
