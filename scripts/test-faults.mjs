// npm run test:faults: sets up, then runs those tests.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { setUp } = await import("./set-up/set-up.mjs");
await setUp({ ownServer: true });
const { runTests } = await import("./set-up/run-tests.mjs");
const config = ["--config", "vitest.faults.config.ts"];
process.exitCode = await runTests([...config, ...process.argv.slice(2)]);
