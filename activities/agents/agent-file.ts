// An agent's Markdown file, checked line by line.
import { z } from "zod";
import { type Budget, budgetShape } from "../../protocol/budget.ts";
import type { Isolation } from "../../protocol/isolation.ts";
import { byteLength, toLine } from "../../protocol/text.ts";
import { toolSpecs } from "../../protocol/tools/tools.ts";
import type { ToolSpec } from "../../protocol/tools/spec.ts";
import { type AgentToolName, readOnlyTools, toAgentTool } from "./agent-tools.ts";
import { AgentProblem, type Field, readFrontMatter } from "./front-matter.ts";

/** What a file says of its agent. Which others there are, it cannot know. */
export interface AgentFile {
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly model: string;
  readonly tools: readonly AgentToolName[];
  /** Tools whose calls a person approves first. */
  readonly approve: readonly AgentToolName[];
  readonly delegate: boolean;
  readonly isolation?: Isolation;
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  readonly budget?: Budget;
  readonly system: string;
  readonly warnings: readonly string[];
}

const maxPromptBytes = 100_000;
const words = z.string().trim().min(1);

/** What may stand in front matter, and the words for when it does not. */
const keys = {
  name: {
    shape: z.string().regex(/^[a-z][a-z0-9-]{0,29}$/),
    rule: "1 to 30 small letters, digits and -, beginning with a letter",
  },
  description: { shape: words, rule: "text that says when to hand work to this agent" },
  model: {
    shape: words.regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,99}$/),
    rule: "opus, sonnet, haiku, inherit or a model id",
  },
  tools: {
    shape: z.union([z.string(), z.array(z.string())]),
    rule: "a list of tool names, or names separated by commas",
  },
  approve: {
    shape: z.union([z.string(), z.array(z.string())]),
    rule: "a list of the agent's tools that a person approves first, beside those that always need it",
  },
  delegate: { shape: z.boolean(), rule: "true or false" },
  isolation: { shape: z.literal("worktree"), rule: "worktree, or left out" },
  maxTurns: { shape: z.int().min(1).max(10_000), rule: "a whole number from 1 to 10000" },
  maxTokens: { shape: z.int().min(1).max(1_000_000), rule: "a whole number from 1 to 1000000" },
  budget: {
    shape: budgetShape(),
    rule: "one or more of turns, outputTokens, usd and tasks, each with a number: the most it may spend",
  },
} as const;
type Key = keyof typeof keys;

const spellings: Readonly<Record<string, Key>> = {
  ...(Object.fromEntries(Object.keys(keys).map((key) => [key, key])) as Record<Key, Key>),
  "max-turns": "maxTurns",
  max_turns: "maxTurns",
  "max-tokens": "maxTokens",
  max_tokens: "maxTokens",
};

/** `file` is how messages name it. Throws `AgentProblem`. */
export function parseAgentFile(file: string, data: Uint8Array): AgentFile {
  const matter = readFrontMatter(file, data);
  const warnings: string[] = [];
  const fields = byKey(file, matter.fields, warnings);
  const name = need(file, fields, "name");
  const description = need(file, fields, "description");
  const { tools, delegate } = readTools(file, fields, warnings);
  const maxTurns = read(file, fields, "maxTurns");
  const maxTokens = read(file, fields, "maxTokens");
  const isolation = read(file, fields, "isolation");
  const budget = read(file, fields, "budget");
  return {
    file,
    name,
    description,
    model: read(file, fields, "model") ?? "default",
    tools,
    approve: readApprovals(file, fields, tools),
    delegate,
    ...(isolation && { isolation }),
    ...(maxTurns !== undefined && { maxTurns }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(budget && { budget }),
    system: toSystem(`${file}:${matter.bodyLine}`, name, matter.body),
    warnings,
  };
}

/** By key, each at most once. A key without a value counts as absent. */
function byKey(file: string, given: readonly Field[], warnings: string[]): Map<Key, Field> {
  const fields = new Map<Key, Field>();
  for (const field of given) {
    const key = Object.hasOwn(spellings, field.key) ? spellings[field.key] : undefined;
    if (!key) warnings.push(`${file}:${field.line}: ${field.key} has no counterpart in Bosun.`);
    if (key && field.value !== null && field.value !== undefined) fields.set(key, field);
  }
  return fields;
}

function read<Name extends Key>(
  file: string,
  fields: ReadonlyMap<Key, Field>,
  key: Name,
): z.infer<(typeof keys)[Name]["shape"]> | undefined {
  const field = fields.get(key);
  if (!field) return undefined;
  const { shape, rule } = keys[key];
  const parsed = shape.safeParse(field.value);
  if (parsed.success) return parsed.data as z.infer<(typeof keys)[Name]["shape"]>;
  const given = toLine(JSON.stringify(field.value), 60);
  throw new AgentProblem(`${file}:${field.line}: ${key} is ${given}. It must be ${rule}.`);
}

function need(file: string, fields: ReadonlyMap<Key, Field>, key: "name" | "description"): string {
  const value = read(file, fields, key);
  if (value !== undefined) return value;
  throw new AgentProblem(`${file}:1: the front matter has no ${key}. Add ${keys[key].rule}.`);
}

function readTools(
  file: string,
  fields: ReadonlyMap<Key, Field>,
  warnings: string[],
): { tools: AgentToolName[]; delegate: boolean } {
  const given = read(file, fields, "tools");
  let delegate = read(file, fields, "delegate") ?? false;
  if (given === undefined) return { tools: [...readOnlyTools], delegate };
  const tools = new Set<AgentToolName>();
  for (const { text, line, narrowed } of toNames(given, fields.get("tools"))) {
    const found = toAgentTool(text);
    if (found.is === "unknown") throw new AgentProblem(`${file}:${line}: ${found.why}`);
    if (found.is === "missing")
      warnings.push(`${file}:${line}: ${text} has no counterpart in Bosun.`);
    if (narrowed) {
      warnings.push(
        `${file}:${line}: ${text} is not narrowed to the commands named here. A person decides about each one.`,
      );
    }
    if (found.is === "tool") tools.add(found.tool);
    if (found.is === "delegate") delegate = true;
  }
  return { tools: [...tools], delegate };
}

/** What the file adds to what the tools ask for themselves. A file can take no approval away. */
function readApprovals(
  file: string,
  fields: ReadonlyMap<Key, Field>,
  tools: readonly AgentToolName[],
): AgentToolName[] {
  const always = tools.filter((name) => (toolSpecs[name] as ToolSpec).approval);
  const given = read(file, fields, "approve");
  if (given === undefined) return always;
  const names = toNames(given, fields.get("approve")).map(({ text, line }) => {
    const found = toAgentTool(text);
    if (found.is === "tool" && tools.includes(found.tool)) return found.tool;
    const why = `approve names ${text}, which is none of its tools (${tools.join(", ")}).`;
    throw new AgentProblem(`${file}:${line}: ${why}`);
  });
  return [...new Set([...always, ...names])];
}

/** `Bash(git add:*, git diff)` is one name with its permissions, which Bosun does not have. */
function toNames(given: string | readonly string[], field: Field | undefined) {
  const line = field?.line ?? 1;
  const lines = typeof given === "string" ? [{ text: given, line }] : (field?.items ?? []);
  return lines.flatMap((item) =>
    item.text
      .replaceAll(/\([^)]*\)/g, "")
      .split(",")
      .map((name) => ({ text: name.trim(), line: item.line }))
      .map((name) => ({
        ...name,
        narrowed: item.text.includes(`${name.text}(`) && isCommand(name.text),
      }))
      .filter(({ text }) => text !== ""),
  );
}

function isCommand(name: string): boolean {
  const found = toAgentTool(name);
  return found.is === "tool" && found.tool === "run_command";
}

/** Begins with `# <name>`, by which the scripted model knows an agent. */
function toSystem(at: string, name: string, prompt: string): string {
  const body = prompt.trim();
  if (body === "") {
    throw new AgentProblem(`${at}: there is no prompt. Write it below the front matter.`);
  }
  if (byteLength(body) > maxPromptBytes) {
    throw new AgentProblem(
      `${at}: the prompt has ${byteLength(body)} bytes, and ${maxPromptBytes} is the most. Shorten it.`,
    );
  }
  return body.split("\n", 1)[0]?.trim() === `# ${name}` ? body : `# ${name}\n\n${body}`;
}
