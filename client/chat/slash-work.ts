// Slash commands that bound work, change it, and collect it.
import { toAppliedText } from "../commands/apply.ts";
import { readBudgetView } from "../commands/budget.ts";
import { toStatText } from "../commands/diff.ts";
import { parseData, toEventText } from "../commands/event.ts";
import { parseLimits } from "../commands/limit-options.ts";
import { toSetText } from "../commands/set.ts";
import { renderBudget } from "../screen/budget-lines.ts";
import { pickHandle, pickTask, type Place, split } from "./place.ts";

/** `/budget`, `/budget TASK`, `/budget --usd 5`, `/budget TASK --tokens 200000`. */
export async function budget(place: Place, argument: string): Promise<readonly string[]> {
  const words = argument.split(/\s+/).filter(Boolean);
  const [first = ""] = words;
  const isNamed = first !== "" && !first.startsWith("--");
  const change = parseLimits(isNamed ? words.slice(1) : words);
  const agent = await pickHandle(place, isNamed ? first : "");
  const isSet = Object.keys(change).length > 0;
  if (isSet) await agent.setBudget(change);
  const view = await readBudgetView(place.bosun, agent, change);
  return [
    ...(isSet ? [`${agent.id}: the budget is set.`] : []),
    ...renderBudget(view, place.frame),
  ];
}

/** `/set MODEL`, `/set TASK MODEL`. */
export async function set(place: Place, argument: string): Promise<readonly string[]> {
  const [first, second] = split(argument);
  if (!first) return ["Say which model: /set [TASK] MODEL"];
  const agent = await pickHandle(place, second ? first : "");
  return [toSetText(agent.id, await agent.set({ model: second || first }))];
}

export async function event(place: Place, argument: string): Promise<readonly string[]> {
  const [given, rest] = split(argument);
  const [name, json] = split(rest);
  if (!given || !name) return ["Say whom and what: /event TASK NAME [JSON]"];
  const agent = await pickHandle(place, given);
  return [toEventText(agent.id, await agent.event(name, json ? parseData(json) : null))];
}

/** The lines themselves are for a screen of their own. */
export async function diff(place: Place, given: string): Promise<readonly string[]> {
  if (!given) return ["Say which: /diff TASK"];
  const id = await pickTask(place, given);
  const stat = toStatText(await place.bosun.diff(id, "stat")).split("\n");
  return [...stat, `Every line: bosun diff ${id}`, `To take it over: /apply ${id}`];
}

export async function apply(place: Place, given: string): Promise<readonly string[]> {
  if (!given) return ["Say which: /apply TASK"];
  return toAppliedText(await place.bosun.apply(await pickTask(place, given))).split("\n");
}
