// Walks through two reports: what people do in one, and a hundred hostile texts in the other.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.MODULES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [bundled, hostile, cases, regressed, baseline, counts] = process.argv.slice(2);

let failures = 0;
let checks = 0;
function check(what, holds, detail = "") {
  checks += 1;
  if (holds) return;
  failures += 1;
  console.log(`FAIL ${what}${detail ? `: ${detail}` : ""}`);
}

// Background services are switched off: they would ask the network, and this must see that nothing does.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const noise = [];
  page.on("console", (m) => noise.push(`${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => noise.push(`error: ${e.message}`));
  page.on("request", (r) => { if (!/^(file|data|blob):/.test(r.url())) noise.push(`request: ${r.url()}`); });
  await page.goto(pathToFileURL(file).href);
  return { page, noise, close: () => context.close() };
}

const settled = (page) => page.waitForFunction(() => !document.getElementById("detail").hidden);
const rows = (page) => page.locator("#matrix tbody tr").count();

async function serious(page, where) {
  // The page's policy forbids what axe needs to be put in; a session of the debugger may.
  const client = await page.context().newCDPSession(page);
  await client.send("Runtime.evaluate", { expression: axe });
  const { result } = await client.send("Runtime.evaluate", { expression: "axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.filter(v => ['serious','critical'].includes(v.impact)).map(v => v.id + ' ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join(' | '))))", awaitPromise: true, returnByValue: true });
  const found = JSON.parse(result.value ?? '["axe did not run"]');
  check(`nothing serious for axe in ${where}`, found.length === 0, found.join("; "));
}

// What people do.
{
  const { page, noise, close } = await open(bundled);
  check("the verdict is on the first screen", await page.locator(".verdict").first().isVisible());
  const all = await rows(page);
  check("the matrix has rows", all > 40, String(all));
  await page.keyboard.press("/");
  await page.keyboard.type("bank");
  await page.waitForFunction(() => location.hash.includes("q=bank"), undefined, { timeout: 5000 }).catch(() => {});
  check("search narrows the matrix", (await rows(page)) > 0 && (await rows(page)) < all);
  check("the search is in the address", page.url().includes("q=bank"), page.url());
  check("the search field keeps the focus", (await page.evaluate(() => document.activeElement.id)) === "search");
  await page.reload();
  check("a reload keeps the search", (await page.inputValue("#search")) === "bank" && (await rows(page)) < all);
  await page.fill("#search", "");
  await page.getByRole("button", { name: "flipped" }).click();
  const flips = await rows(page);
  check("the filter of flips narrows the matrix", flips > 0 && flips < all, String(flips));
  check("the filter is in the address", page.url().includes("f=flipped"), page.url());
  await page.getByRole("button", { name: "all", exact: true }).click();
  await page.selectOption("select[aria-label=tag]", "write");
  check("a tag narrows the matrix", (await rows(page)) < all);
  await page.selectOption("select[aria-label=tag]", "");
  await page.selectOption("select[aria-label=tool]", { index: 1 });
  check("a tool narrows the matrix", (await rows(page)) > 0 && (await rows(page)) < all);
  await page.selectOption("select[aria-label=tool]", "");
  await page.locator("#matrix thead button").nth(1).click();
  const first = await page.locator("#matrix tbody tr .name span").first().innerText();
  await page.locator("#matrix thead button").nth(1).click();
  check("sorting turns the order", first !== (await page.locator("#matrix tbody tr .name span").first().innerText()));
  await page.locator("#matrix thead button").nth(0).click();
  await page.locator("body").click({ position: { x: 5, y: 5 } });
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  check("j and k mark a row", (await page.locator("#matrix tr.at").getAttribute("data-row")) === "0");
  await page.keyboard.press("Enter");
  await settled(page);
  check("enter opens an episode", (await page.locator("ol.steps li").count()) > 2);
  check("the episode has an address", page.url().includes("#/e/"), page.url());
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  check("j marks a step and its address", page.url().includes("step="), page.url());
  const permalink = page.url();
  await page.goto("about:blank");
  await page.goto(permalink);
  await settled(page);
  check("a permalink marks its step", (await page.locator("li.at").count()) === 1);
  const before = await page.locator("#detail h2").first().innerText();
  await page.keyboard.press("x");
  await page.waitForFunction((b) => document.querySelector("#detail h2").innerText !== b, before);
  check("x goes to the other endpoint", true);
  await page.keyboard.press("]");
  await page.waitForFunction(() => document.querySelectorAll("#detail section").length === 2);
  check("] opens the next flip side by side", page.url().includes("#/vs/"), page.url());
  check("the first divergent call is marked", (await page.locator("li.part").count()) > 0);
  await serious(page, "side by side");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.getElementById("overview").hidden);
  await page.keyboard.press("?");
  check("? shows the keys", await page.locator("dialog").isVisible());
  await page.keyboard.press("Escape");
  await serious(page, "the overview");
  await page.goto(`${pathToFileURL(bundled).href}#/e/nobody/nothing/1`);
  await settled(page);
  check("an address of nothing says so", (await page.locator("#detail").innerText()).includes("no such episode"));
  check("no noise, no request", noise.length === 0, noise.join("; "));
  await close();
  for (const colorScheme of ["light", "dark"]) {
    const phone = await open(bundled, { viewport: { width: 390, height: 844 }, colorScheme });
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    check(`a phone needs no sideways scrolling (${colorScheme})`, wide <= 390, String(wide));
    await serious(phone.page, `a phone, ${colorScheme}`);
    await phone.close();
  }
}

// What must not act.
{
  const { page, noise, close } = await open(hostile);
  const texts = readFileSync(cases, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  check("a hundred hostile texts", texts.length >= 100, String(texts.length));
  const links = await page.locator("#matrix a.cell").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  check("each text has its episodes", links.length >= texts.length, String(links.length));
  const plain = (text) => text.replaceAll(/\\u\{[0-9a-f]+\}/g, "").replaceAll(/[\s\p{C}\u034f]/gu, "");
  for (const link of links) {
    await page.evaluate((hash) => { location.hash = hash; }, link);
    await page.waitForFunction((hash) => location.hash === hash && !document.getElementById("detail").hidden && document.querySelector("#detail h1") && hash.includes(encodeURIComponent(document.querySelector("#detail h1").innerText)), link);
    await page.locator("#detail details").evaluateAll((all) => all.forEach((d) => { d.open = true; }));
    const id = decodeURIComponent(link).match(/#(t\d+)/)?.[1];
    const text = texts.find((t) => t.id === id)?.text;
    const shown = plain(await page.locator("#detail").evaluate((d) => d.textContent));
    check(`${id} is shown as text`, text !== undefined && shown.includes(plain(text).slice(0, 2000)), link);
  }
  const acted = await page.evaluate(() => [window.__acted, document.title, document.querySelectorAll("main script, main iframe, main object, main img, main style, main base, main meta, main link, main form, main video").length, [...document.querySelectorAll("a")].filter((a) => !a.getAttribute("href").startsWith("#/")).length]);
  check("nothing has acted", acted[0] === undefined && acted[1] !== "acted", JSON.stringify(acted));
  check("no element of theirs, no link out", acted[2] === 0 && acted[3] === 0, JSON.stringify(acted));
  const raw = readFileSync(hostile, "utf8");
  check("the file has only its own scripts", (raw.match(/<script/g) ?? []).length === (raw.match(/<script type="text\/plain" id="chunk\d+">|<script type="application\/json" id="index">|<script>"use strict"/g) ?? []).length);
  check("no direction is turned in the file", !/[\u202a-\u202e\u2066-\u2069]/.test(raw.slice(0, raw.indexOf("<script"))));
  check("no noise, no request", noise.length === 0, noise.slice(0, 5).join("; "));
  await close();
}

// Gates: against an endpoint of the same run, against a baseline whose run is at hand, and against its counts alone.
{
  const { page, noise, close } = await open(regressed);
  check("a gate's verdict is on the first screen", (await page.locator(".verdict.fail").innerText()).startsWith("Regressed: "));
  check("its margin is drawn", (await page.locator("#overview svg").first().innerHTML()).includes("margin"));
  check("its parts are a table", (await page.getByRole("heading", { name: /^Gate: / }).count()) === 1);
  await page.keyboard.press("]");
  await settled(page);
  check("a flip of the gate is shown side by side", page.url().includes("#/vs/"), page.url());
  check("the candidate stands first", page.url().includes("/smollm2-135m/1/qwen2.5-1.5b/") || page.url().includes("/smollm2-135m/"), page.url());
  await serious(page, "a gate's report");
  check("a gate's report is quiet", noise.length === 0, noise.slice(0, 5).join("; "));
  await close();
}
{
  const { page, noise, close } = await open(baseline);
  check("the baseline's episodes are there", (await page.evaluate(() => document.querySelectorAll("#matrix tbody a.cell").length)) >= 2 * (await rows(page)));
  await page.locator("#matrix a", { hasText: "side by side" }).first().click();
  await settled(page);
  check("two runs stand side by side", (await page.locator("#detail .sides > section").count()) === 2);
  check("a report of two runs is quiet", noise.length === 0, noise.slice(0, 5).join("; "));
  await close();
}
{
  const { page, noise, close } = await open(counts);
  check("that only counts are known is said", (await page.locator("#overview").innerText()).includes("only counts are known"));
  const [head] = await page.locator("#matrix thead th").filter({ hasText: "the baseline of" }).allInnerTexts();
  check("the baseline is a column", head !== undefined);
  check("its cells are counts without episodes", (await page.locator("#matrix tbody span.cell").count()) === (await rows(page)));
  check("nothing is offered side by side", (await page.locator("#matrix a", { hasText: "side by side" }).count()) === 0);
  check("a report of counts is quiet", noise.length === 0, noise.slice(0, 5).join("; "));
  await close();
}

if (process.env.SHOTS) {
  mkdirSync(process.env.SHOTS, { recursive: true });
  const shots = [["gate", "", 1280, 900, "light"], ["overview", "", 1280, 900, "light"], ["overview-phone", "", 390, 844, "dark"], ["episode", "#/e/qwen2.5-1.5b/home%2Funlock-by-text/1", 1280, 900, "light"], ["side-by-side", "#/vs/bank%2Fodd-amount/qwen2.5-1.5b/1/smollm2-135m/1", 1280, 900, "dark"]];
  for (const [name, hash, width, height, colorScheme] of shots) {
    const { page, close } = await open(name === "gate" ? regressed : bundled, { viewport: { width, height }, colorScheme });
    if (hash) {
      await page.evaluate((to) => { location.hash = to; }, hash);
      await settled(page);
    }
    await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
    await close();
  }
}

await browser.close();
console.log(`${checks - failures}/${checks} checks hold`);
process.exit(failures ? 1 : 0);
