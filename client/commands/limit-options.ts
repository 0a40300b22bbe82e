// The options that limit what may be spent.
import { type Command, InvalidArgumentError } from "commander";
import type { BudgetChange, Dimension } from "../../protocol/budget.ts";
import { CommandError } from "../command-error.ts";

export interface LimitOptions {
  readonly usd?: number | "none";
  readonly tokens?: number | "none";
  readonly turns?: number | "none";
  readonly tasks?: number | "none";
}

const options: readonly (readonly [keyof LimitOptions, Dimension, string])[] = [
  ["usd", "usd", "most US dollars"],
  ["tokens", "outputTokens", "most output tokens"],
  ["turns", "turns", "most turns"],
  ["tasks", "tasks", "most tasks open at once"],
];

/** `none` takes a limit away, where there is one to be taken. */
export function addLimits(command: Command, mayTakeAway: boolean): Command {
  for (const [name, , what] of options) {
    const text = `${what}, its tasks included${mayTakeAway ? ", or none" : ""}`;
    command.option(`--${name} <n>`, text, (given) => toLimit(name, given, mayTakeAway));
  }
  return command;
}

function toLimit(name: keyof LimitOptions, given: string, mayTakeAway: boolean): number | "none" {
  if (mayTakeAway && given === "none") return "none";
  const value = Number(given);
  const isWhole = name === "usd" || Number.isSafeInteger(value);
  const least = name === "tasks" ? 0 : Number.MIN_VALUE;
  if (isWhole && given.trim() !== "" && value >= least && value <= 1e9) return value;
  const kind = name === "usd" ? "a number above 0" : "a whole number";
  throw new InvalidArgumentError(`Give ${kind}${mayTakeAway ? ", or none" : ""}.`);
}

/** `--usd 5 --tokens none`, as they are typed in a chat. */
export function parseLimits(words: readonly string[]): BudgetChange {
  const given: Record<string, number | "none"> = {};
  for (let index = 0; index < words.length; index += 2) {
    const name = words[index]?.replace(/^--/, "") ?? "";
    const option = options.find(([known]) => known === name);
    const value = words[index + 1];
    if (!option || value === undefined) {
      const all = options.map(([known]) => `--${known} N`).join(", ");
      throw new CommandError(`Limits are ${all}, and none takes one away.`, 2);
    }
    given[name] = readLimit(option[0], value);
  }
  return toBudgetChange(given);
}

function readLimit(name: keyof LimitOptions, value: string): number | "none" {
  try {
    return toLimit(name, value, true);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new CommandError(`--${name}: ${error.message}`, 2);
  }
}

export function toBudgetChange(given: LimitOptions): BudgetChange {
  return Object.fromEntries(
    options.flatMap(([name, dimension]) =>
      given[name] === undefined ? [] : [[dimension, given[name] === "none" ? null : given[name]]],
    ),
  );
}
