// npm test, npm run test:faults: set up, then run tests.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { setUp } = await import("./set-up/set-up.mjs");
await setUp({ ownServer: true });
const { runTests } = await import("./set-up/run-tests.mjs");
process.exitCode = await runTests(process.argv.slice(2));
