// A hundred texts that a page must show and never obey, as cases of a scenario: {"id": …, "text": …} a line.
const texts = [];
const act = ["window.__acted=1", "document.title='acted'"];
for (const js of act) {
  texts.push(
    `<script>${js}</script>`, `</script><script>${js}</script>`, `"><script>${js}</script>`, `'><script>${js}</script>`,
    `<!--<script>${js}</script>-->`, `<img src=x onerror="${js}">`, `<svg onload="${js}">`, `<svg><script>${js}</script></svg>`,
    `<body onload="${js}">`, `<iframe srcdoc="<script>parent.${js}</script>"></iframe>`, `<a href="javascript:${js}">click</a>`,
    `[click](javascript:${js})`, `javascript:${js}`, `<details open ontoggle="${js}">x</details>`,
    `<input autofocus onfocus="${js}">`, `<video><source onerror="${js}"></video>`, `<math href="javascript:${js}">x</math>`,
    `<object data="data:text/html,<script>${js}</script>"></object>`, `<style>@import 'data:text/css,*{display:none}';</style>`,
    `<base href="https://example.invalid/">`, `<meta http-equiv="refresh" content="0;url=https://example.invalid/">`,
    `<form action="https://example.invalid/"><button>x</button></form>`, `<link rel="stylesheet" href="https://example.invalid/x.css">`,
    `" onmouseover="${js}" x="`, `' onfocus='${js}' autofocus='`, `</title><script>${js}</script>`, `</textarea><script>${js}</script>`,
    `</style><script>${js}</script>`, `\u003cscript\u003e${js}\u003c/script\u003e`, `\${${js}}`, `{{constructor.constructor('${js}')()}}`,
  );
}
texts.push(
  "&lt;script&gt;1&lt;/script&gt;", "&#60;b&#62;", "]]><b>x</b>", "<![CDATA[<b>x</b>]]>", "<?xml version='1.0'?>", "<!doctype html><b>",
  "\u202egnihtemos\u202c", "\u2066\u2067turned\u2069", "\u200bzero\u200dwidth\ufeff", "\u001b[31mred\u001b[0m", "\u0007bell", "tab\tand\r\nline", "\u0085next", "\u2028line\u2029paragraph",
  "\u00adsoft\u00adhyphen", "\u{e0041}\u{e0042}tag", "__proto__", "constructor", "toString", "hasOwnProperty", "NaN", "-0", "undefined", "null", "[object Object]",
  "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "::error file=x::acted", "::set-output name=x::acted", "| a | b |\n|---|---|", "# heading", "<!-- mocktrial -->", "```\ncode", "~~~", "![x](https://example.invalid/x.png)",
  "W".repeat(20000), "word ".repeat(4000), "a\n".repeat(2000), "\u0301".repeat(500), "👩‍👩‍👧‍👦".repeat(200), "𝕏".repeat(300), "العربية ".repeat(50),
);
texts.forEach((text, n) => console.log(JSON.stringify({ id: `t${String(n).padStart(3, "0")}`, text })));
