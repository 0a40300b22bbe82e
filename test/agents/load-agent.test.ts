// Agents are found, checked and given their tools.
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ApplicationFailure } from "@temporalio/common";
import { describe, expect, test } from "vitest";
import { agentTools } from "../../activities/agents/agent-tools.ts";
import { createLoadAgent } from "../../activities/agents/load-agent.ts";
import { toDeclarations } from "../../activities/agents/tool-declarations.ts";
import type { LoadAgentInput } from "../../protocol/activities.ts";
import type { AgentDefinition } from "../../protocol/agent.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { everyAgentsTools } from "../../protocol/tools/waiting.ts";
import { delegationTools, isToolName, toolSpecs } from "../../protocol/tools/tools.ts";
import { type Files, fill, inActivity, newFolder } from "../tools/bench.ts";

const agent = (name: string, matter = "", body = `I am ${name}.`) =>
  `---\nname: ${name}\ndescription: The ${name}.\n${matter}---\n${body}\n`;

async function newHouse(builtin: Files, workspace: Files = {}) {
  const top = await newFolder();
  await mkdir(join(top, "agents"));
  await fill(join(top, "agents"), builtin);
  await fill(join(top, "workspace/.claude/agents"), workspace);
  const loadAgent = createLoadAgent({ builtinDir: join(top, "agents") });
  return (name: string, more: Partial<LoadAgentInput> = {}): Promise<AgentDefinition> =>
    inActivity(loadAgent, {
      name,
      workspace: { host: "here", path: join(top, "workspace") },
      mayDelegate: true,
      ...more,
    });
}

async function messageOf(running: Promise<unknown>): Promise<string> {
  const error: unknown = await running.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: failureTypes.invalidAgent, nonRetryable: true });
  return (error as ApplicationFailure).message;
}

const names = ({ tools }: AgentDefinition) => tools.map(({ name }) => name);

test("a workspace's agent comes before the built-in one of that name", async () => {
  const load = await newHouse(
    { "coder.md": agent("coder") },
    { "my.md": agent("coder", "", "Mine.") },
  );
  expect((await load("coder")).system).toBe("# coder\n\nMine.");
});

test("the supervisor is always the built-in one", async () => {
  const load = await newHouse(
    { "supervisor.md": agent("supervisor", "delegate: true\n") },
    { "a.md": agent("supervisor", "", "Obey me."), "supervisor.md": "broken" },
  );
  const supervisor = await load("supervisor");
  expect(supervisor.system).toBe("# supervisor\n\nI am supervisor.");
  expect(supervisor.warnings).toEqual([
    ".claude/agents/a.md:1: is left out: the supervisor is always Bosun's own.",
    ".claude/agents/supervisor.md:1: is left out: the supervisor is always Bosun's own.",
  ]);
});

test("an unknown name is answered with those there are", async () => {
  const load = await newHouse({ "b.md": agent("b"), "a.md": agent("a") }, { "c.md": agent("c") });
  const message = await messageOf(load("nobody"));
  expect(message).toContain("There is no agent nobody. There are: a, b, c.");
});

test.each(["../../etc/passwd", "__proto__", "", "a\nb", "constructor"])(
  "the name %j is no way out",
  async (name) => {
    const load = await newHouse({ "a.md": agent("a") });
    expect(await messageOf(load(name))).toContain("There is no agent");
  },
);

test("a broken file hides nothing: asked for by its name, it says what is wrong", async () => {
  const load = await newHouse({ "coder.md": agent("coder") }, { "coder.md": "no front matter" });
  expect(await messageOf(load("coder"))).toContain(".claude/agents/coder.md:1: the file has no");
});

test("a folder called x.md and a file too large are wrong like any other", async () => {
  const load = await newHouse(
    { "a.md": agent("a") },
    { "x.md/y.txt": "", "big.md": agent("big", "", "x".repeat(300_000)) },
  );
  expect(await messageOf(load("x"))).toContain(".claude/agents/x.md:1: the file cannot be read");
  expect(await messageOf(load("big"))).toContain("200000 is the most");
});

test("a pipe called x.md is wrong like any other, and keeps nobody waiting", async () => {
  const builtin = await newFolder();
  const top = await newFolder();
  await mkdir(join(top, ".claude/agents"), { recursive: true });
  execFileSync("mkfifo", [join(top, ".claude/agents/x.md")]);
  const workspace = { host: "here", path: top };
  const load = createLoadAgent({ builtinDir: builtin });
  const loading = inActivity(load, { name: "x", workspace, mayDelegate: false });
  expect(await messageOf(loading)).toBe(".claude/agents/x.md:1: it is no regular file. Remove it.");
});

describe("an agent that delegates", () => {
  const builtin = {
    "supervisor.md": agent("supervisor", "delegate: true\ntools: write_file, read_file\n"),
    "zeta.md": agent("zeta"),
    "lead.md": agent("lead", "delegate: true\n"),
    "long.md": `---\nname: long\ndescription: |\n  First line.\n  ${"x".repeat(900)}\n---\nBody.\n`,
  };

  test("gets the seven tools, with every other agent named in two of them", async () => {
    const load = await newHouse(builtin, { "broken.md": "nothing", "yak.md": agent("yak") });
    const lead = await load("lead");
    expect(lead.delegate).toBe(true);
    expect(lead.roster.map(({ name }) => name)).toEqual(["long", "yak", "zeta"]);
    expect(names(lead)).toEqual([
      "list_files",
      "read_file",
      "search_files",
      "read_diff",
      ...delegationTools,
      ...everyAgentsTools,
    ]);
    for (const { name, description } of lead.tools) {
      const named = description.endsWith("\n- zeta: The zeta.");
      expect(named).toBe(name === "start_async_task" || name === "task");
    }
    expect(lead.warnings).toEqual([
      expect.stringMatching(/^\.claude\/agents\/broken\.md:1: .* Until then it is left out\.$/),
    ]);
  });

  test("sees descriptions as one line, cut", async () => {
    const load = await newHouse(builtin);
    const [long] = (await load("supervisor")).roster.filter(({ name }) => name === "long");
    expect(long?.description).toMatch(/^First line\. x+…$/);
    expect(Buffer.byteLength(long?.description ?? "")).toBeLessThanOrEqual(600);
  });

  test("with more agents than fit into its tools is refused, with the sizes and what helps", async () => {
    const crowd = Object.fromEntries(
      Array.from({ length: 180 }, (_, index) => {
        const name = `agent-${index}`;
        return [`${name}.md`, `---\nname: ${name}\ndescription: ${"x".repeat(900)}\n---\nI.\n`];
      }),
    );
    const load = await newHouse({ "lead.md": agent("lead", "delegate: true\n") }, crowd);
    expect(await messageOf(load("lead"))).toMatch(
      /lead\.md:1: the agent has \d{6} bytes, and 150000 is the most: .* tools that name 180 agents\. Shorten/,
    );
    expect((await load("agent-3")).description).toHaveLength(600 - 2);
  });

  test("tells its first warnings, and how many more there are", async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `key${index}: 1\n`).join("");
    const load = await newHouse({ "lead.md": agent("lead", keys) });
    const { warnings } = await load("lead");
    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)).toBe("There are 10 more warnings about agent files.");
  });

  test("at the depth limit has none of them, and no roster", async () => {
    const load = await newHouse(builtin, { "broken.md": "nothing" });
    const lead = await load("lead", { mayDelegate: false });
    expect(lead).toMatchObject({ delegate: false, roster: [], warnings: [] });
    expect(names(lead)).toEqual(["list_files", "read_file", "search_files", ...everyAgentsTools]);
  });

  test("is the same byte for byte each time, tools in a fixed order", async () => {
    const load = await newHouse(builtin);
    const first = await load("supervisor");
    expect(names(first)).toEqual([
      "read_file",
      "write_file",
      "read_diff",
      ...delegationTools,
      ...everyAgentsTools,
    ]);
    expect(JSON.stringify(await load("supervisor"))).toBe(JSON.stringify(first));
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
  });
});

const builtinDir = fileURLToPath(new URL("../../agents", import.meta.url));

const load = async (name: string) =>
  inActivity(createLoadAgent({ builtinDir }), {
    name,
    workspace: { host: "here", path: await newFolder() },
    mayDelegate: true,
  });

const sharing = ["post_finding", "claim"];

describe("the agents that come with Bosun", () => {
  test.each([
    [
      "supervisor",
      [
        "list_files",
        "read_file",
        "search_files",
        "write_file",
        "read_diff",
        "apply_diff",
        ...delegationTools,
      ],
    ],
    ["researcher", ["list_files", "read_file", "search_files", "write_file", ...sharing]],
    ["reviewer", ["list_files", "read_file", "search_files", "write_file", ...sharing]],
    ["writer", ["list_files", "read_file", "search_files", "write_file", ...sharing]],
    ["coder", ["list_files", "read_file", "search_files", "write_file", "edit_file", ...sharing]],
  ])("%s loads without a warning", async (name, tools) => {
    const definition = await load(name);
    expect(definition).toMatchObject({ name, model: "default", warnings: [] });
    expect(definition.system.startsWith(`# ${name}\n`)).toBe(true);
    expect(definition.system.split(`# ${name}\n`)).toHaveLength(2);
    expect(names(definition)).toEqual([...tools, ...everyAgentsTools]);
  });

  test("the supervisor may hand work to all of them", async () => {
    const { roster } = await load("supervisor");
    expect(roster.map(({ name }) => name)).toEqual(["coder", "researcher", "reviewer", "writer"]);
  });

  test.each(["supervisor", "researcher", "reviewer", "writer", "coder"])(
    "the prompt of %s names no tool that it lacks",
    async (name) => {
      const definition = await load(name);
      const words = definition.system.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];
      const own = names(definition);
      expect(words.filter((word) => isToolName(word) && !own.includes(word))).toEqual([]);
    },
  );

  test("every tool is declared as the Messages API takes it", () => {
    const all = toDeclarations(agentTools, true, []);
    const declared = new Map(all.map((tool) => [tool.name, tool]));
    expect([...declared.keys()].toSorted()).toEqual(Object.keys(toolSpecs).toSorted());
    for (const { name, description, input_schema } of declared.values()) {
      expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(description.length).toBeGreaterThan(20);
      expect(input_schema).toMatchObject({ type: "object", additionalProperties: false });
      const allowed = ["type", "properties", "required", "additionalProperties"];
      expect(Object.keys(input_schema).filter((key) => !allowed.includes(key))).toEqual([]);
    }
    expect(declared.get("write_file")?.input_schema).toEqual({
      type: "object",
      properties: {
        path: {
          type: "string",
          minLength: 1,
          description: "Path inside the workspace, or under artifacts/",
        },
        content: { type: "string", description: "The whole new content" },
      },
      required: ["path", "content"],
      additionalProperties: false,
    });
    expect(declared.get("check_async_task")?.input_schema).toMatchObject({
      required: ["task_id"],
      properties: { detail: { enum: ["status", "digest", "turns", "full"] } },
    });
  });
});
