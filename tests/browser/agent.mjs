// Calls a tool with what the user says, and says it again: hostile texts in every place where a model's may stand.
import { createInterface } from "node:readline";
let text = "";
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.user !== undefined) {
    text = message.user;
    console.log(JSON.stringify({ call: "keep", args: { text, [text.slice(0, 200) || "x"]: text } }));
  } else if (message.result !== undefined || message.error !== undefined) {
    console.log(JSON.stringify({ say: text }));
  }
}
