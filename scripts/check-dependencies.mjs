// npm run check:dependencies: licences, scripts, advisories.
import { requireNode } from "./set-up/node-version.mjs";

requireNode();

// Late, so that an old Node has been told before it reads anything newer.
const { installPackages, packagesProblem } = await import("./set-up/packages.mjs");
if (packagesProblem()) await installPackages();
const { root } = await import("./set-up/root.mjs");
const { reportDependencies, reportAudit } = await import("./dependencies/report.mjs");

// 0: nothing against them. 1: something was found. 2: the advisories could not be asked for.
const offline = process.argv.includes("--offline");
const found = reportDependencies(root, { list: true });
const audited = offline ? 0 : reportAudit(root);
process.exitCode = found || audited;
