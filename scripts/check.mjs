// npm run check: format, lint, types, dependencies and tests.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { setUp } = await import("./set-up/set-up.mjs");
await setUp({ ownServer: true });
const { runTool } = await import("./set-up/run-tool.mjs");
const { reportDependencies } = await import("./dependencies/report.mjs");
const { root } = await import("./set-up/root.mjs");
const { runTests } = await import("./set-up/run-tests.mjs");

const code =
  (await runTool("oxfmt", ["--check", "."])) ||
  (await runTool("oxlint", ["--type-aware", "--type-check"])) ||
  reportDependencies(root);
if (code !== 0) console.log("0 passed, 1 failed");
process.exitCode = code || (await runTests(process.argv.slice(2)));
