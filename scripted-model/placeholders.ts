// The {{…}} of a rule, filled from the conversation.
import { invalid } from "./api-error.ts";
import { type Conversation, type ToolRun, userTexts } from "./conversation.ts";

export interface Source {
  readonly conversation: Conversation;
  /** Groups of the rule's `lastUser` pattern. */
  readonly groups: readonly (string | undefined)[];
}

const placeholder = /\{\{(\w+)(?::([^{}]*))?\}\}/g;

/** Fills every string inside a value. A string that is one placeholder keeps the found type. */
export function fill(value: unknown, source: Source): unknown {
  if (typeof value === "string") {
    const whole = /^\{\{(\w+)(?::([^{}]*))?\}\}$/.exec(value);
    return whole ? resolve(whole[1] ?? "", whole[2] ?? "", source) : fillText(value, source);
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, source));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, fill(inner, source)]),
  );
}

export function fillText(text: string, source: Source): string {
  return text.replace(placeholder, (_whole, name: string, argument: string | undefined) =>
    toText(resolve(name, argument ?? "", source)),
  );
}

function resolve(name: string, argument: string, source: Source): unknown {
  const value = lookUp(name, argument, source);
  if (value !== undefined) return value;
  throw invalid(
    `scripted model: nothing in this request fills {{${name}${argument && `:${argument}`}}}`,
  );
}

function lookUp(name: string, argument: string, { conversation, groups }: Source): unknown {
  switch (name) {
    case "lastUser":
      return userTexts(conversation).at(-1);
    case "lastToolResult":
      return conversation.runs.findLast(({ result }) => result)?.result?.text;
    case "toolResult":
      return findRun(conversation, argument)?.result?.text;
    case "json": {
      const [, run, path] = /^([^:]*):(.*)$/s.exec(argument) ?? [];
      return dig(findRun(conversation, run ?? "")?.result?.text, path ?? "");
    }
    case "event": {
      const [, type, path] = /^([^:]*):(.*)$/s.exec(argument) ?? [];
      return dig(findEvent(conversation, type ?? ""), path ?? "");
    }
    case "match":
      return groups[Number(argument)];
    default:
      return undefined;
  }
}

/** `NAME` is the newest answered run of that tool, `NAME#2` the second one from the start. */
function findRun({ runs }: Conversation, reference: string): ToolRun | undefined {
  const [name, ordinal] = reference.split("#");
  const found = runs.filter((run) => run.name === name && run.result);
  return ordinal === undefined ? found.at(-1) : found[Number(ordinal) - 1];
}

function findEvent(conversation: Conversation, type: string): string | undefined {
  const found = userTexts(conversation).findLast((text) =>
    text.startsWith(`<bosun-event type="${type}">`),
  );
  return found?.slice(found.indexOf("\n") + 1, found.indexOf("\n</bosun-event>"));
}

function dig(json: string | undefined, path: string): unknown {
  try {
    return path.split(".").reduce<unknown>(
      (value, name) => {
        return (value as Record<string, unknown> | null)?.[name];
      },
      JSON.parse(json ?? "null"),
    );
  } catch {
    return undefined;
  }
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
