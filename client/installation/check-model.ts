// Doctor's question to the model backend.
import { readFileSync } from "node:fs";
import { toApiKey } from "../../protocol/api-key.ts";
import { type Env, type ModelEnvironment, parseEnvironment } from "../../protocol/environment.ts";
import { publicPrices } from "../../protocol/models.ts";
import { reason } from "../command-error.ts";
import { type Check, fail, ok, warn } from "./checks.ts";
import { callsModels, needsScriptedModel } from "./scripted-model.ts";

const name = "model";

/** Who answers, and whether the key is taken and the models are known. */
export async function checkModel(env: Env): Promise<readonly Check[]> {
  const { model, supervisorModel, taskModel, prices: set } = parseEnvironment(env);
  if (!callsModels(env)) return [ok(name, `called by other workers, at ${model.backend}`)];
  if (needsScriptedModel(env)) {
    return [ok(name, "scripted answers, not a model. Set ANTHROPIC_API_KEY for Claude")];
  }
  const key = readKey(model);
  if (typeof key === "object") return [key];
  const ids = [...new Set([supervisorModel, taskModel])];
  const prices = { ...publicPrices, ...set };
  const unpriced = ids.filter((id) => prices[id] === undefined).map(toUnpriced);
  const asked = await Promise.all(ids.map((id) => askFor(id, model, key)));
  // A server that is away is away for every model.
  const told = new Map(asked.map((check) => [check.detail, check]));
  return [...told.values(), ...unpriced];
}

/** What a worker sends. A server of one's own may need none. */
function readKey(model: ModelEnvironment): string | Check {
  try {
    return toApiKey(model, (path) => readFileSync(path, "utf8")) ?? model.authToken ?? "none";
  } catch (error) {
    return fail(name, reason(error), "Correct the file, or set ANTHROPIC_API_KEY");
  }
}

function toUnpriced(id: string): Check {
  const remedy = "Set BOSUN_PRICES, or limit tokens and turns instead of US dollars";
  return warn("price", `of ${id} is not known: its calls count in tokens only`, remedy);
}

/** Asked by hand: the whole client library would slow every other command down. */
async function askFor(id: string, model: ModelEnvironment, key: string): Promise<Check> {
  const base = (model.baseUrl ?? "https://api.anthropic.com").replace(/\/+$/, "");
  const headers = { "anthropic-version": "2023-06-01", authorization: `Bearer ${key}` };
  try {
    const address = `${base}/v1/models/${encodeURIComponent(id)}`;
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(5_000) });
    await answer.body?.cancel();
    return toCheck(answer.status, id, model);
  } catch (error) {
    const why = error instanceof Error && error.cause ? reason(error.cause) : reason(error);
    const remedy = "Check the network and ANTHROPIC_BASE_URL. Agents wait and retry meanwhile";
    return warn(name, `${model.backend} does not answer: ${why}`, remedy);
  }
}

function toCheck(status: number, id: string, { backend, baseUrl }: ModelEnvironment): Check {
  if (status === 200) return ok(name, `${id} at ${backend}`);
  if (status === 401 || status === 403) {
    return fail(name, `${backend} refuses the key (${status})`, "Set a valid ANTHROPIC_API_KEY");
  }
  const remedy = "Set BOSUN_SUPERVISOR_MODEL and BOSUN_TASK_MODEL to models it has";
  if (status === 404 && baseUrl === undefined) return fail(name, `${id} is unknown`, remedy);
  return warn(name, `${backend} answers ${status} when asked for ${id}`, remedy);
}
