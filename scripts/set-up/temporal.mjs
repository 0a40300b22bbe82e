// Finds the Temporal command line, or gets it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { buildTemporal } from "./build-temporal.mjs";
import { cacheFolder } from "./cache.mjs";
import { downloadTemporal } from "./download-temporal.mjs";
import { withSetUpLock } from "./lock.mjs";

const temporalVersion = "1.5.1";
/** Counts the ways to get it: a program that was made in an earlier way is not used again. */
const recipe = 2;
const program = process.platform === "win32" ? "temporal.exe" : "temporal";
const needed = ["--db-filename", "--sqlite-pragma", "--search-attribute", "--dynamic-config-value"];

/** Why this program cannot be the server, or undefined. */
function temporalProblem(path) {
  const asked = spawnSync(path, ["server", "start-dev", "--help"], {
    encoding: "utf8",
    timeout: 20_000,
  });
  if (asked.error) return `it does not run (${asked.error.code ?? asked.error.message})`;
  if (asked.status !== 0) return `"server start-dev --help" ended with code ${asked.status}`;
  const missing = needed.filter((flag) => !asked.stdout.includes(flag));
  return missing.length === 0 ? undefined : `it does not know ${missing.join(", ")}`;
}

/** A Temporal that is already here: `{ path }`, or `{ skipped }` with reasons. */
export function findTemporal(env = process.env) {
  if (env.TEMPORAL_CLI) {
    const problem = temporalProblem(env.TEMPORAL_CLI);
    if (!problem) return { path: env.TEMPORAL_CLI, skipped: [] };
    throw new Error(
      `TEMPORAL_CLI is set to ${env.TEMPORAL_CLI}, which cannot be used: ${problem}. Change or unset it.`,
    );
  }
  const skipped = [];
  for (const path of candidates(env)) {
    if (!existsSync(path)) continue;
    const problem = temporalProblem(path);
    if (!problem) return { path, skipped };
    skipped.push(`${path} is skipped: ${problem}`);
  }
  return { skipped };
}

/** The path of a Temporal, which is downloaded or built when there is none. */
export async function getTemporal(env = process.env, { ownServer = false } = {}) {
  const found = findTemporal(env);
  if (found.path) return found.path;
  for (const reason of found.skipped) console.error(reason);
  return withSetUpLock(`temporal-${temporalVersion}`, async () => {
    const target = cachedTemporal(env);
    if (existsSync(target) && !temporalProblem(target)) return target;
    const order = { version: temporalVersion, program, target, check: temporalProblem };
    const failures = [];
    for (const get of [downloadTemporal, buildTemporal]) {
      const failure = await get(order);
      if (!failure) return target;
      failures.push(failure);
    }
    const instead = ownServer
      ? ""
      : "\n  - set TEMPORAL_ADDRESS to a Temporal server that already runs";
    throw new Error(howToInstall(failures) + instead);
  });
}

/** One after the other: who has one on the PATH needs no cache that can be written. */
function* candidates(env) {
  yield* onPath(env);
  yield cachedTemporal(env);
}

function onPath(env) {
  return (env.PATH ?? "")
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, program));
}

function cachedTemporal(env) {
  const folder = `temporal-${temporalVersion}-${recipe}-${process.platform}-${process.arch}`;
  return join(cacheFolder(env), folder, program);
}

function howToInstall(failures) {
  return `Bosun needs the Temporal command line, and could not get it:
${failures.map((failure) => `  - ${failure}`).join("\n")}
Do one of these, then start again:
  - install it: brew install temporal, or see https://docs.temporal.io/cli (then "temporal" is on the PATH)
  - set TEMPORAL_CLI to the path of a temporal program
  - install Go 1.25 or later from https://go.dev/dl, and Bosun builds it`;
}
