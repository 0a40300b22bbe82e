// Doctor's question to the model backend.
import { type Env, type ModelEnvironment, parseEnvironment } from "../../protocol/environment.ts";
import { publicPrices } from "../../protocol/prices.ts";
import { type Check, fail, ok, warn } from "./checks.ts";
import { needsScriptedModel } from "./scripted-model.ts";
import { reason } from "./temporal-connection.ts";

const name = "model";

/** Who answers, and whether the key is taken and the models are known. */
export async function checkModel(env: Env): Promise<readonly Check[]> {
  if (needsScriptedModel(env)) {
    return [ok(name, "scripted answers, not a model. Set ANTHROPIC_API_KEY for Claude")];
  }
  const { model, supervisorModel, taskModel } = parseEnvironment(env);
  if (model.apiKey === undefined && model.authToken === undefined) {
    return [
      fail(name, `no key for ${model.backend}`, "Set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"),
    ];
  }
  const ids = [...new Set([supervisorModel, taskModel])];
  const prices = { ...publicPrices, ...parseEnvironment(env).prices };
  const unpriced = ids.filter((id) => prices[id] === undefined).map(toUnpriced);
  return [...(await Promise.all(ids.map((id) => askFor(id, model)))), ...unpriced];
}

function toUnpriced(id: string): Check {
  const remedy = "Set BOSUN_PRICES, or limit tokens and turns instead of US dollars";
  return warn("price", `of ${id} is not known: its calls count in tokens only`, remedy);
}

/** Asked by hand: the whole client library would slow every other command down. */
async function askFor(id: string, model: ModelEnvironment): Promise<Check> {
  const base = (model.baseUrl ?? "https://api.anthropic.com").replace(/\/+$/, "");
  const headers = {
    "anthropic-version": "2023-06-01",
    ...(model.apiKey === undefined
      ? { authorization: `Bearer ${model.authToken}` }
      : { "x-api-key": model.apiKey }),
  };
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
