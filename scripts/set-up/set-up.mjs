// Everything a fresh clone needs before it can run.
import { installPackages, packagesProblem } from "./packages.mjs";
import { getTemporal } from "./temporal.mjs";

/** Installs packages and Temporal where missing, and puts TEMPORAL_CLI where children read it. */
export async function setUp() {
  if (packagesProblem()) await installPackages();
  if (process.env.TEMPORAL_ADDRESS) return;
  try {
    process.env.TEMPORAL_CLI = await getTemporal();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
