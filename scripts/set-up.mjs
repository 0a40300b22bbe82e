// Set-up for programs: answers with one line of JSON.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { findTemporal, getTemporal } = await import("./set-up/temporal.mjs");
const { packagesProblem } = await import("./set-up/packages.mjs");

// With --check nothing is installed, downloaded or built.
const look = process.argv.includes("--check");
// Whoever only runs Bosun has left out what it is developed with.
const runsWithout = ["optional", "dev"];
try {
  const temporal = look ? lookForTemporal() : { path: await getTemporal(), skipped: [] };
  const packages = look ? packagesProblem({ without: runsWithout }) : undefined;
  console.log(JSON.stringify({ temporal, ...(packages && { packagesProblem: packages }) }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Where a server is named, none of ours is started: then it does not matter what is here. */
function lookForTemporal() {
  return process.env.TEMPORAL_ADDRESS?.trim() ? { skipped: [] } : findTemporal();
}
