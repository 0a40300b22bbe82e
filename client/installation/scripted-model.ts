// The model of an installation that has no key.
import { join } from "node:path";
import { z } from "zod";
import { type Env, parseEnvironment } from "../../protocol/environment.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import { type Background, firstJsonLine, startInBackground, untilReady } from "./background.ts";
import { withoutSecrets } from "./child-env.ts";
import { nodeArguments } from "./clone.ts";

export interface ScriptedModel extends Background {
  readonly url: string;
}

const readyShape = z.object({ url: z.url(), pid: z.int() });

/** Whether a worker of ours calls a model and nobody said which, so that the scripted one answers. */
export function needsScriptedModel(env: Env): boolean {
  const { apiKey, apiKeyFile, authToken, baseUrl } = parseEnvironment(env).model;
  return callsModels(env) && !(apiKey ?? apiKeyFile ?? authToken ?? baseUrl);
}

/** Whether workers that are started from here call the model. Else others do, and know whom to ask. */
export function callsModels(env: Env): boolean {
  return parseEnvironment(env).roles.includes("models");
}

/** Who answers model calls: `scripted`, or the host name of the API. */
export function toBackend(env: Env): string {
  return needsScriptedModel(env) ? scriptedBackend : parseEnvironment(env).model.backend;
}

/** Starts it on a free port, or on the one it had, and waits until it serves. */
export async function startScriptedModel(order: {
  readonly dir: string;
  readonly env: Env;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn: (model: Background) => void;
}): Promise<ScriptedModel> {
  const name = "The scripted model";
  const model = await startInBackground({
    name,
    command: process.execPath,
    args: [
      ...nodeArguments("scripted-model/main.ts"),
      "--port",
      `${order.port}`,
      "--pace-ms",
      "40",
    ],
    cwd: order.dir,
    env: withoutSecrets(order.env),
    log: join(order.dir, "logs", "scripted-model.log"),
  });
  order.onSpawn(model);
  return untilReady(model, { name, timeoutMs: 30_000, signal: order.signal }, async () => {
    const ready = readyShape.safeParse(firstJsonLine(model.log));
    return ready.success ? { ...model, url: ready.data.url } : undefined;
  });
}
