// The Bosun that runs at this place.
import { type Env, parseEnvironment } from "../protocol/environment.ts";
import { type Bosun, connectBosun } from "./bosun.ts";
import {
  findInstallation,
  type Installation,
  openInstallation,
} from "./installation/installation.ts";
import { readRun, type RunFile } from "./installation/run-file.ts";
import { toBackend } from "./installation/scripted-model.ts";
import { connectOptions, isExternal, notRunning } from "./installation/temporal-connection.ts";

export interface Here {
  readonly bosun: Bosun;
  readonly installation: Installation;
  readonly namespace: string;
  /** Address of the Web UI, where it is known. */
  readonly webUi?: string;
  /** Missing when nothing was brought up here: then the server is another's. */
  readonly run?: RunFile;
}

/**
 * Connects to what runs here: `BOSUN_DIR`, else the nearest `.bosun` upwards of `cwd`, and
 * `TEMPORAL_ADDRESS` when it is set. Throws `CommandError` with a remedy when nothing runs.
 */
export async function connectHere(env: Env, cwd: string): Promise<Bosun> {
  return (await openHere(env, cwd)).bosun;
}

export async function openHere(env: Env, cwd: string): Promise<Here> {
  const installation = isExternal(env) ? openInstallation(env, cwd) : findInstallation(env, cwd);
  if (!installation) throw notRunning();
  const { connection, namespace } = connectOptions(installation, env);
  const run = readRunOf(installation, env);
  const environment = parseEnvironment(env);
  const backend = run?.backend ?? toBackend(env);
  const bosun = await connectBosun({
    connection,
    namespace,
    installation: installation.id,
    host: installation.host,
    environment: { ...environment, model: { ...environment.model, backend } },
  });
  const webUi = environment.webUi ?? run?.uiUrl;
  return { bosun, installation, namespace, ...(webUi && { webUi }), ...(run && { run }) };
}

/** What was once written about a server of ours says nothing about one that a person names. */
function readRunOf({ dir }: Installation, env: Env): RunFile | undefined {
  const run = readRun(dir);
  return isExternal(env) === (run?.serverPid === null) ? run : undefined;
}
