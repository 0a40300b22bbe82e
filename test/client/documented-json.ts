// The examples of docs/json.md, as shapes to compare with.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Ran } from "./terminal.ts";

const text = readFileSync(new URL("../../docs/json.md", import.meta.url), "utf8");

/** Keys that the page says may be missing. */
const optional = new Set(
  /These keys are missing[^:]*: ([^.]*)\./.exec(text)?.[1]?.match(/\w+/g) ?? [],
);

const examples = new Map(
  text.split(/^## bosun /m).flatMap((section): [string, unknown][] => {
    const [name = ""] = section.split("\n");
    const block = /```json\n(.*?)```/s.exec(section)?.[1];
    return block === undefined ? [] : [[name, JSON.parse(block)]];
  }),
);

export const documented: readonly string[] = [...examples.keys()];

/** Fails, naming the path, when an answer has another shape than the example. */
export function expectDocumented(command: string, answer: unknown): void {
  const example = examples.get(command);
  if (example === undefined) throw new Error(`docs/json.md has no example for ${command}`);
  compare(answer, example, command);
}

/** Runs commands with --json, and holds each answer against its example. */
export function documentedBy(bosun: (...args: readonly string[]) => Promise<Ran>) {
  return async <T>(...args: readonly string[]): Promise<T> => {
    const ran = await bosun(...args, "--json");
    expect(ran).toMatchObject({ code: 0 });
    expectDocumented(args[0] ?? "", ran.json());
    return ran.json() as T;
  };
}

/** What other documents define, or ids chosen by others name. */
const open = new Set(["urls", "messages", "header", "phase", "event"]);

function compare(answer: unknown, example: unknown, path: string): void {
  if (answer === null || example === null) return;
  const shape = example === "see tasks" ? toShared(path) : example;
  agree(`${path}, its type`, kindOf(answer), kindOf(shape));
  if (Array.isArray(answer) && Array.isArray(shape)) {
    if (answer.length > 0 && shape.length === 0)
      throw new Error(`${path} is empty in docs/json.md`);
    for (const [index, item] of answer.entries()) compare(item, shape[0], `${path}[${index}]`);
  } else if (typeof answer === "object") {
    compareKeys(answer, shape as object, path);
  }
}

function compareKeys(answer: object, shape: object, path: string): void {
  const given = Object.keys(answer);
  const named = Object.keys(shape);
  const wanted = named.filter((key) => given.includes(key) || !optional.has(key));
  agree(`the keys of ${path}`, given.toSorted().join(" "), wanted.toSorted().join(" "));
  for (const key of given.filter((name) => !open.has(name))) {
    compare(Reflect.get(answer, key), Reflect.get(shape, key), `${path}.${key}`);
  }
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}

function agree(what: string, given: string, written: string): void {
  if (given !== written) throw new Error(`${what}: ${given}, but docs/json.md has ${written}`);
}

/** A supervisor, a task, or a list of tasks, as the command `tasks` has them. */
function toShared(path: string): unknown {
  const { supervisors, tasks } = examples.get("tasks") as Record<string, readonly unknown[]>;
  if (path.endsWith(".tasks")) return tasks;
  return path.endsWith(".supervisor") ? supervisors?.[0] : tasks?.[0];
}
