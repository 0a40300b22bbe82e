// Everything a fresh clone needs before it can run.
import { installPackages, packagesProblem } from "./packages.mjs";
import { getTemporal } from "./temporal.mjs";

/**
 * Installs packages and Temporal where missing, and puts TEMPORAL_CLI where children read it.
 * With `ownServer` a server will be started whatever TEMPORAL_ADDRESS says.
 */
export async function setUp({ ownServer = false } = {}) {
  try {
    if (packagesProblem()) await installPackages();
    if (process.env.TEMPORAL_ADDRESS && !ownServer) return;
    process.env.TEMPORAL_CLI = await getTemporal(process.env, { ownServer });
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
