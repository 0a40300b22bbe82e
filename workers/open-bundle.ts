// The bundle that a worker runs.
import { fork } from "node:child_process";
import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkflowBundleOption } from "@temporalio/worker";
import { z } from "zod";
import { findBundle, toRecordName } from "./bundle-record.ts";
import { bundleWorkflows } from "./workflow-bundle.ts";

/** The workflows cannot be bundled. The words are those of the bundler. */
export class BundleError extends Error {}

const program = fileURLToPath(new URL("./bundle-main.ts", import.meta.url));
const loader = new URL("../scripts/set-up/typescript.mjs", import.meta.url).href;
const answerShape = z.object({ codePath: z.string().nullable() });

/** The one from last time, else a new one. */
export async function openBundle(entry: string, dir: string): Promise<WorkflowBundleOption> {
  const folder = join(dir, "cache");
  if (!isWritable(folder)) return bundleWorkflows(entry);
  const found = findBundle(entry, folder);
  if (found !== undefined) return { codePath: found };
  const codePath = await bundleElsewhere(entry, folder);
  if (codePath === null) return bundleWorkflows(entry);
  removeOld(entry, folder, codePath);
  return { codePath };
}

/** A worker that runs no tools may have a folder that it cannot write. */
function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * In a process of its own, which takes with it the 170 MB that bundling leaves behind. Null when the
 * code could not be written.
 */
function bundleElsewhere(entry: string, folder: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [entry, folder], {
      execArgv: ["--import", loader],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let words = "";
    let codePath: string | null | undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (words += text));
    }
    child.on("message", (message) => (codePath = answerShape.parse(message).codePath));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (codePath !== undefined) return resolve(codePath);
      const how = signal ?? `exit code ${code}`;
      const said = words.slice(-mostWords);
      reject(new BundleError(`The workflows could not be bundled (${how}).\n${said}`));
    });
  });
}

const mostWords = 20_000;
/** Another worker may just be about to read it. */
const keptMs = 600_000;

function removeOld(entry: string, folder: string, made: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (path === made || !name.startsWith(toRecordName(entry)) || !name.endsWith(".js")) continue;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > keptMs) rmSync(path, { force: true });
  }
}
