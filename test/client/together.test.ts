// Findings, claims and trouble, on the command line.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PersonInbox } from "../../client/index.ts";
import { renderEntry } from "../../client/screen/feed-lines.ts";
import { toPalette } from "../../client/screen/palette.ts";
import { renderTroubled } from "../../client/screen/trouble-lines.ts";
import { toTroubledAgents } from "../../client/troubled-agents.ts";
import type { Execution } from "../../protocol/task-view.ts";
import type { Trouble } from "../../protocol/trouble.ts";
import type { TaskReport, TaskView } from "../../protocol/views.ts";
import { openWorld, until, untilFeed, type World } from "../support/world.ts";
import { documentedBy } from "./documented-json.ts";
import { runBosun } from "./terminal.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({
    env: { BOSUN_TROUBLE_REPEATS: "1", BOSUN_MODEL_HEARTBEAT_MS: "30000" },
  });
});
afterAll(() => world.close());

const bosun = (...args: readonly string[]) => runBosun(args, { env: world.env, cwd: world.dir });

const documentedJson = documentedBy(bosun);

test("a task shows what it has found, what it owns and that it does not get on, and the inbox what helps", async () => {
  const start = { description: "Circles: together-task", subagent_type: "researcher" };
  const first = [
    { name: "post_finding", input: { text: "README.md:1 is a heading" } },
    { name: "claim", input: { key: "README.md" } },
  ];
  await world.model.script("together", [
    {
      when: { lastUser: "^go together" },
      reply: { toolCalls: [{ name: "start_async_task", input: start }] },
    },
    { when: { system: "^# supervisor", anyUser: "^go together" }, reply: { text: "Heard." } },
    { when: { anyUser: "together-task", assistantTurns: 0 }, reply: { toolCalls: first } },
    {
      when: { anyUser: "together-task", maxAssistantTurns: 4 },
      reply: { toolCalls: [{ name: "list_files" }] },
    },
    { when: { anyUser: "together-task" }, reply: { text: "Never.", delayMs: 250_000 } },
  ]);
  const supervisor = await world.start("go together");
  const { id } = await until("it in the inbox", async () => {
    const { troubled } = await documentedJson<PersonInbox>("inbox");
    return troubled[0];
  });
  interface Checked {
    readonly task: TaskView;
    readonly report: TaskReport;
  }
  const { task, report } = await until("its own account", async () => {
    const checked = await documentedJson<Checked>("check", id);
    return checked.report !== null && checked;
  });
  expect(task).toMatchObject({
    findings: { count: 1, newest: "README.md:1 is a heading" },
    claims: { count: 1, newest: ["README.md"] },
    trouble: { kind: "repeats", stage: "person" },
  });
  expect(report).toMatchObject({ findings: ["README.md:1 is a heading"], claims: ["README.md"] });
  await documentedJson("tasks", supervisor.id);
  const card = (await bosun("check", id)).out;
  expect(card).toMatch(/^ {2}found +README\.md:1 is a heading$/m);
  expect(card).toMatch(/^ {2}owns +README\.md$/m);
  expect(card).toMatch(/^ {2}trouble +list_files \. was called \d times/m);
  const tree = (await bosun("tasks", supervisor.id)).out;
  expect(tree).toContain("1 found: README.md:1 is a heading");
  expect(tree).toContain("owns README.md");
  expect(tree).toContain("trouble: list_files . was called");
  const inbox = (await bosun("inbox")).out;
  expect(inbox).toContain("1 agent does not get on. Nothing waits for you here");
  expect(inbox).toContain(`bosun steer ${id} TEXT\n`);
  expect(inbox).toContain(`bosun cancel ${id}\n`);
  const found = await untilFeed(supervisor, ({ event }) => event.type === "finding");
  const frame = { width: 80, palette: toPalette(false), stamp: "" };
  expect(renderEntry(found, frame).join("")).toBe(`finding of ${id}: README.md:1 is a heading`);
  const claimed = await untilFeed(supervisor, ({ event }) => event.type === "claim");
  expect(renderEntry(claimed, frame).join("")).toBe(`task ${id} owns: README.md`);
  expect((await bosun("steer", id, "go another way", "--now")).code).toBe(0);
  await untilFeed(supervisor, ({ event }) => {
    return event.type === "trouble" && event.text === `Task ${id} gets on again.`;
  });
  expect((await bosun("cancel", id)).code).toBe(0);
  await supervisor.task(id).ended();
  await supervisor.end();
});

const trouble: Trouble = {
  kind: "idle",
  text: "10 turns in a row called only what had been called before, the last one x.\u001b[31m",
  stage: "person",
  since: "2026-11-21T10:00:00.000Z",
};

function execution(id: string, parentId: string | null, given?: Trouble, attempt = id): Execution {
  return {
    workflowId: attempt,
    type: "subagent",
    startTime: new Date(),
    status: { name: "RUNNING" },
    memo: {
      agent: {
        agent: "writer",
        description: `about ${id}`,
        parentId,
        rootId: "supervisor-1",
        ...(attempt !== id && { taskId: id }),
      },
      state: { ...(given && { trouble: given }) },
    },
  } as unknown as Execution;
}

test("the inbox lists the oldest trouble first, by the ids of tasks, and none that only the agent or its parent knows", () => {
  const found = toTroubledAgents([
    execution("a", "supervisor-1", { ...trouble, since: "2026-11-21T11:00:00.000Z" }, "a-2"),
    execution("b", "supervisor-1", { ...trouble, stage: "parent" }),
    execution("c", "supervisor-1"),
    execution("supervisor-1", null, trouble),
  ]);
  expect(found.map(({ id }) => id)).toEqual(["supervisor-1", "a"]);
  expect(found[0]).toMatchObject({ description: "", supervisorId: "supervisor-1" });
});

test.each([24, 80])(
  "trouble is drawn within %i columns, without what could move a cursor",
  (width) => {
    const now = new Date("2026-11-21T10:05:00.000Z");
    const frame = { width, now, palette: toPalette(false) };
    const agents = toTroubledAgents([
      execution("a", "supervisor-1", trouble),
      execution("supervisor-1", null, trouble),
    ]);
    const text = renderTroubled(agents, frame).join("\n");
    expect(text).not.toContain("\u001b");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(text.replaceAll(/\s+/g, " ")).toContain("bosun send supervisor-1 TEXT");
    expect(renderTroubled([], frame)).toEqual([]);
  },
);
