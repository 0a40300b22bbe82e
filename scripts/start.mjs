// npm start: sets up what is missing, then shows Bosun.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { setUp } = await import("./set-up/set-up.mjs");
await setUp();

// npm stands in the clone. The person may not.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
const { runCli } = await import("./set-up/run-cli.mjs");
await runCli(["demo", ...process.argv.slice(2)]);
