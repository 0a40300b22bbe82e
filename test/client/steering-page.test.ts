// The page on steering, run line by line.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TaskView } from "../../client/index.ts";
import { openWorld, until, type World } from "../support/world.ts";
import { newRepository } from "../tools/repository.ts";
import { runBosun } from "./terminal.ts";

const page = readFileSync(new URL("../../docs/steering.md", import.meta.url), "utf8");
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(
    ([, text]) => text ?? "",
  );

const start = (subagent_type: string) => ({
  name: "start_async_task",
  input: { subagent_type, description: `Its part for the ${subagent_type}` },
});
const write = (path: string) => ({ name: "write_file", input: { path, content: "# Anew\n" } });

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MAX_TURNS: "1000" } });
  const agents = blocks("markdown").map((text) => {
    const [, name] = /^name: (\w+)$/m.exec(text) ?? [];
    return [`.claude/agents/${name}.md`, text];
  });
  await newRepository(world.workspace, Object.fromEntries(agents));
  await world.model.script("steering-page", [
    {
      when: { system: "^# supervisor", lastUser: "^Find dead links" },
      reply: { toolCalls: ["researcher", "scribe", "mender"].map(start) },
    },
    { when: { system: "^# supervisor" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher" },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 700 },
    },
    { when: { system: "^# scribe", assistantTurns: 0 }, reply: { toolCalls: [write("notes.md")] } },
    {
      when: { system: "^# mender", assistantTurns: 0 },
      reply: { toolCalls: [write("README.md")] },
    },
    { when: { system: "^# (scribe|mender)" }, reply: { text: "Done." } },
  ]);
});
afterAll(() => world.close());

const untilTask = (agent: string, fits: (task: TaskView) => boolean): Promise<TaskView> =>
  until(`the ${agent}`, async () => {
    const tasks = await world.bosun.supervisor("docs").tasks();
    return tasks.find((task) => task.agent === agent && fits(task));
  });

/** What a person sees before the next line is typed. */
const before: Readonly<Record<string, () => Promise<unknown>>> = {
  tasks: () => untilTask("researcher", ({ turn }) => turn > 0),
  inbox: () => untilTask("scribe", ({ requests = [] }) => requests.length > 0),
  diff: () => untilTask("mender", ({ endedAt }) => endedAt !== null),
  retry: () => untilTask("researcher", ({ endedAt }) => endedAt !== null),
};

/** The words that show that it has done what the page says. */
const said: Readonly<Record<string, RegExp>> = {
  start: /docs started/,
  tasks: /researcher-.*In all: /s,
  check: /researcher-/,
  steer: /seen at turn \d/,
  pause: /asked to pause/,
  set: /claude-sonnet/,
  resume: /go on/,
  inbox: /bosun approve scribe-/,
  approve: /approved/,
  budget: /output tokens/,
  diff: /README\.md/,
  apply: /Applied/,
  cancel: /asked to stop/,
  retry: /attempt 2 begins/,
  end: /asked to end/,
};

it("runs as it is written, and says what it says it does", async () => {
  expect(blocks("markdown")).toHaveLength(2);
  const lines = blocks("sh").flatMap((block) => block.trim().split("\n"));
  expect(lines[0]).toBe("bosun up --detach");
  for (const line of lines.slice(1)) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, text, word]) => text ?? word ?? "",
    );
    const [program, command = "", ...args] = words;
    expect(program).toBe("bosun");
    await before[command]?.();
    const ran = await runBosun([command, ...args], { env: world.env, cwd: world.workspace });
    expect({ line, ...ran }).toMatchObject({ line, code: 0, err: "" });
    expect(ran.out).toMatch(said[command] ?? /never/);
  }
}, 120_000);
