// npm run bench -- NAME: sets up, then measures.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { setUp } = await import("./set-up/set-up.mjs");
await setUp({ ownServer: true });
const [name = "durability", ...args] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, ...args);
await import("./set-up/typescript.mjs");
await import(new URL(`../bench/${name}.ts`, import.meta.url).href);
