// What the environment of each child process holds.
import type { Env } from "../../protocol/environment.ts";
import type { Installation } from "./installation.ts";
import type { RunFile } from "./run-file.ts";
import { embeddedEnv } from "./temporal-connection.ts";

/** For the server and the scripted model: nothing that is a key or a setting of ours. */
export function withoutSecrets(env: Env): NodeJS.ProcessEnv {
  return without(env, /^(ANTHROPIC|TEMPORAL|BOSUN)_/);
}

/**
 * For a worker: this installation, its server and its backend. Also what `parseEnvironment`
 * should read for a start input, so that starter and worker agree.
 */
export function toWorkerEnv(installation: Installation, env: Env, run: RunFile): NodeJS.ProcessEnv {
  const embedded = run.serverPid !== null;
  const scripted = run.modelUrl !== null;
  const kept = without(
    without(env, embedded ? /^TEMPORAL_/ : /^$/),
    scripted ? /^ANTHROPIC_/ : /^$/,
  );
  return {
    ...kept,
    BOSUN_INSTALLATION: installation.id,
    BOSUN_HOST: installation.host,
    BOSUN_DIR: installation.dir,
    ...(embedded && embeddedEnv(installation.dir, run.temporalAddress)),
    // gRPC of the client library would send even this machine's own address to a proxy.
    ...(embedded && { no_grpc_proxy: "127.0.0.1" }),
    ...(scripted && {
      ANTHROPIC_BASE_URL: run.modelUrl,
      ANTHROPIC_API_KEY: "scripted",
      BOSUN_BACKEND: run.backend,
    }),
  };
}

function without(env: Env, names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}
