// What a task leaves that did not come to its own end.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle, TaskHandle } from "../../client/index.ts";
import { toModelId } from "../../protocol/models.ts";
import { toQueues } from "../../protocol/ids.ts";
import { parseEnvironment } from "../../protocol/environment.ts";
import type { Settings } from "../../protocol/settings.ts";
import type { SubagentInput, SupervisorInput } from "../../protocol/workflows.ts";
import { addTask, markExisting } from "../../workflows/tasks/board-changes.ts";
import { emptyBoard } from "../../workflows/tasks/board.ts";
import { fakeAgent } from "../support/fake-agent.ts";
import { delegating, startCall, untilTasks } from "../support/lead-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const half = "Half of it: README.md has three lines.";

/** A writer that looks, writes, says what it has, and then takes its time. */
const halfway = (
  mark: string,
  second: Rule["reply"] = { text: "Never.", until: "never" },
): readonly Rule[] => [
  {
    when: { system: "^# writer", anyUser: `${mark}-task`, assistantTurns: 0 },
    reply: {
      text: half,
      toolCalls: [
        { name: "read_file", input: { path: "README.md" } },
        { name: "write_file", input: { path: "artifacts/half.md", content: "half" } },
        { name: "write_file", input: { path: `${mark}.md`, content: "half" } },
      ],
    },
  },
  { when: { system: "^# writer", anyUser: `${mark}-task` }, reply: second },
];

const told: Rule["reply"] = {
  text: "{{event:task_ended:status}} | {{event:task_ended:summary}} | {{event:task_ended:not_done}}",
};

/** What each of them leaves, however it was ended. */
const left = (mark: string) => ({
  partial: true,
  asked: `${mark}-task`,
  summary: half,
  evidence: ["read_file README.md"],
  artifacts: ["artifacts/half.md"],
  files: [`${mark}.md`],
  usage: { calls: expect.any(Number) },
});

async function begin(
  mark: string,
  second?: Rule["reply"],
): Promise<{ readonly supervisor: SupervisorHandle; readonly task: TaskHandle }> {
  await world.model.script(mark, [
    ...halfway(mark, second),
    {
      when: { lastUser: `^go ${mark}` },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: `${mark}-task`, subagent_type: "writer" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: `^go ${mark}`, lastUser: "task_ended" },
      reply: told,
    },
    {
      when: { system: "^# supervisor", anyUser: `^go ${mark}`, afterTool: "start_async_task" },
      reply: { text: "Heard." },
    },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const [view] = await until("the task", async () => {
    const all = await supervisor.tasks();
    return all.length > 0 && all;
  });
  return { supervisor, task: supervisor.task(view!.taskId) };
}

const untilHalf = (task: TaskHandle) =>
  until("its second call", async () => {
    const { view, live } = await task.look();
    return view.turn === 1 && live !== undefined;
  });

describe("half of the work is told as partial", () => {
  test("of a task that failed", async () => {
    const { supervisor, task } = await begin("pt-a", { text: "No.", stopReason: "refusal" });
    expect(await untilReply(supervisor, "^failed")).toContain(
      `failed | ${half} | The model declined`,
    );
    expect((await task.view()).result).toMatchObject({
      ...left("pt-a"),
      status: "failed",
      reason: "refusal",
    });
    await supervisor.end();
  });

  test("of a task that was cancelled", async () => {
    const { supervisor, task } = await begin("pt-b");
    await untilHalf(task);
    await task.cancel("another plan");
    expect(await untilReply(supervisor, "^cancelled")).toBe(`cancelled | ${half} | another plan`);
    expect((await task.view()).result).toMatchObject({ ...left("pt-b"), status: "cancelled" });
    await supervisor.end();
  });

  test("of a task that was terminated: read from the closed workflow", async () => {
    const { supervisor, task } = await begin("pt-c");
    await untilHalf(task);
    await world.bosun.client.workflow.getHandle(task.id).terminate("by hand");
    expect(await untilReply(supervisor, "^failed")).toMatch(
      new RegExp(`^failed \\| ${half} \\| It was stopped from outside`),
    );
    const notice = await noticeOf(supervisor);
    expect(notice).toMatchObject({
      reason: "terminated",
      partial: true,
      evidence: ["read_file README.md"],
      artifacts: ["artifacts/half.md"],
      files: ["pt-c.md"],
    });
    await supervisor.end();
  });

  test("of a task that Temporal timed out", async () => {
    const mark = "pt-d";
    await world.model.script(mark, [
      ...halfway(mark),
      { when: { system: "^# supervisor", lastUser: "^hello pt-d" }, reply: { text: "Hello." } },
      { when: { system: "^# supervisor", lastUser: `task_ended.*${mark}-task` }, reply: told },
    ]);
    const taskId = `writer-${randomUUID().slice(0, 12)}`;
    const supervisor = await openWithTask(mark, taskId);
    expect(await untilReply(supervisor, "^failed")).toMatch(
      new RegExp(`^failed \\| ${half} \\| It was stopped from outside`),
    );
    expect(await noticeOf(supervisor)).toMatchObject({
      task_id: taskId,
      reason: "timeout",
      partial: true,
      evidence: ["read_file README.md"],
    });
    await supervisor.end();
  });
});

/** The end of a task, as its supervisor's model reads it. */
async function noticeOf(supervisor: SupervisorHandle): Promise<object> {
  const { messages } = await supervisor.transcript();
  const notices = messages
    .flatMap(({ content }) => content)
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .filter((text) => text.startsWith('<bosun-event type="task_ended">'));
  expect(notices).toHaveLength(1);
  return JSON.parse(notices[0]!.split("\n")[1]!) as object;
}

/** A task with an end set by Temporal, and a supervisor that has it on its board from a run before. */
async function openWithTask(mark: string, taskId: string): Promise<SupervisorHandle> {
  const { workflow } = world.bosun.client;
  const { installation } = world;
  const { limits } = parseEnvironment(world.env);
  const models = { supervisorModel: toModelId("opus"), taskModel: toModelId("haiku") };
  const settings: Settings = { ...fakeAgent().settings, ...models, installation, limits };
  const workspace = {
    host: world.env["BOSUN_HOST"] ?? "",
    path: world.workspace,
    writable: true,
    git: false,
  };
  const supervisorId = `supervisor-${randomUUID().slice(0, 12)}`;
  const begun = { taskId, agent: "writer", description: `${mark}-task`, begun: true };
  const startedAt = new Date().toISOString();
  const board = markExisting(addTask(emptyBoard, { ...begun, startedAt }), taskId);
  const taskQueue = toQueues(installation).workflows;
  const task: SubagentInput = {
    description: `${mark}-task`,
    agent: "writer",
    workspace,
    parentId: supervisorId,
    rootId: supervisorId,
    depth: 1,
    parentModel: "",
    begun: true,
    settings,
  };
  await workflow.start("subagent", {
    taskQueue,
    workflowId: taskId,
    args: [task],
    // Half of its work is done by then, on a slow machine too.
    workflowExecutionTimeout: 10_000,
  });
  const { version, ...state } = fakeAgent({ board }).state;
  const input: SupervisorInput = {
    agent: "supervisor",
    workspace,
    messages: [],
    settings,
    snapshot: { version, ...state },
  };
  await workflow.start("supervisor", { taskQueue, workflowId: supervisorId, args: [input] });
  return world.bosun.supervisor(supervisorId);
}

test("a task whose every answer is cut off hands over the last one as a part, and says so", async () => {
  const mark = "always-cut";
  await world.model.script(mark, [
    {
      when: { system: "^# writer", anyUser: `${mark}-task` },
      reply: { text: "The first half of", stopReason: "max_tokens" },
    },
    ...delegating(mark, startCall(`${mark}-task`, "writer")),
  ]);
  const supervisor = await world.start(`go ${mark}`);
  const [view] = await untilTasks(supervisor, 1);
  const end = await supervisor.task(view!.taskId).ended();
  expect(end).toMatchObject({
    status: "completed",
    result: { partial: true, summary: "The first half of" },
  });
  expect(end.result?.notDone).toMatch(/cut off/);
  await supervisor.end();
});
