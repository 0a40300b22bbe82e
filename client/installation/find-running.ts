// What runs here, checked and not only read.
import type { Env } from "../../protocol/environment.ts";
import type { Installation } from "./installation.ts";
import { isAlive } from "./processes.ts";
import { readProcesses, readRun, type RunFile } from "./run-file.ts";
import { answers, embeddedOptions, externalOptions, isExternal } from "./temporal-connection.ts";
import { liveUsers } from "./users.ts";

/** The run of this installation, when its processes live and its server answers. */
export async function findRunning(
  installation: Installation,
  env: Env,
): Promise<RunFile | undefined> {
  const { dir } = installation;
  const run = readRun(dir);
  if (run === undefined) return undefined;
  if (run.serverPid === null) {
    const used = liveUsers(dir).length > 0 && isExternal(env);
    return used && (await answers(externalOptions(env))) ? run : undefined;
  }
  const { server, model } = readProcesses(dir);
  if (server === undefined || !isAlive(server)) return undefined;
  if (run.modelPid !== null && (model === undefined || !isAlive(model))) return undefined;
  return (await answers(embeddedOptions(dir, run.temporalAddress))) ? run : undefined;
}
