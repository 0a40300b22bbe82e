// Runs the command line in this process.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installPackages, packagesProblem } from "./packages.mjs";
import { root } from "./root.mjs";

/** Runs `bosun ...args`. Packages are installed first when there are none. */
export async function runCli(args) {
  if (packagesProblem({ onlyMissing: true })) await installPackages();
  // By URL, and late: without packages there is nothing to import.
  await import("./typescript.mjs");
  const cli = join(root, "client", "cli.ts");
  process.argv = [process.execPath, cli, ...args];
  await import(pathToFileURL(cli).href);
}
