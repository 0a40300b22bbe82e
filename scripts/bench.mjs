// npm run bench -- NAME: sets up, then measures.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

/** Programs of their own. Every other name is a row of the first set. */
const programs = ["durability", "history"];

// Late, so that an old Node has been told before it reads anything newer.
const { setUp } = await import("./set-up/set-up.mjs");
const { installPackages, packagesProblem } = await import("./set-up/packages.mjs");
// Every measurement starts a server of its own.
delete process.env.TEMPORAL_ADDRESS;
const asksForHelp = process.argv.includes("--help");
if (!asksForHelp) await setUp({ ownServer: true });
else if (packagesProblem({ onlyMissing: true })) await installPackages();
const [name, ...args] = process.argv.slice(2);
const isProgram = programs.includes(name) && !asksForHelp;
if (isProgram) process.argv.splice(2, process.argv.length, ...args);
await import("./set-up/typescript.mjs");
await import(new URL(`../bench/${isProgram ? name : "first-set"}.ts`, import.meta.url).href);
