// The model that a person chose for an agent.
import { toModelId } from "../../protocol/models.ts";
import type { Setting } from "../../protocol/control.ts";
import { cutText } from "../../protocol/text.ts";
import { type Agent, modelOf, tell } from "./agent.ts";

/** Holds from the next call on. One that waits for the model tries at once. */
export function takeSetting(agent: Agent, { model }: Setting): void {
  const { state } = agent;
  if (model === undefined) return;
  const name = toModelId(model);
  const before = state.model;
  state.model = { name, fallback: before ? (before.fallback ?? before.name) : "" };
  agent.run.probes += 1;
  tell(agent, { type: "control", what: "set", text: `${name} answers from the next call on.` });
}

/** It has answered, so there is no way back any more. */
export function keepModel({ state }: Agent): void {
  if (state.model && state.model.fallback !== null)
    state.model = { ...state.model, fallback: null };
}

/** Failures that say that there is no such model for this key. */
const modelIsMissing: ReadonlySet<string> = new Set(["not_found_error", "permission_error"]);

/** A chosen model that cannot be called gives way to the one before. False when that is not what went wrong. */
export function leaveModel(
  agent: Agent,
  { type, message }: { readonly type: string; readonly message: string },
): boolean {
  const { state } = agent;
  const chosen = state.model;
  if (!chosen || chosen.fallback === null || !modelIsMissing.has(type)) return false;
  state.model = chosen.fallback === "" ? null : { name: chosen.fallback, fallback: null };
  const text = `${chosen.name} cannot be used (${cutText(message, 300)}), so ${modelOf(agent)} goes on. Choose another with: bosun set ${agent.taskId} --model NAME`;
  tell(agent, { type: "trouble", text });
  return true;
}
