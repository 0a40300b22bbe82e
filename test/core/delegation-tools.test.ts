// The tools that delegate, with good and bad arguments.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { callTool as callToolIn } from "../support/call-tool.ts";
import { delegating, startCall, untilTasks } from "../support/lead-agent.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const callTool = (supervisor: SupervisorHandle, name: string, input: object) =>
  callToolIn(world, supervisor, name, input);

/** Tasks whose description holds this do not answer. */
const slow = "slow-work";
beforeAll(() =>
  world.model.script("slow", [
    {
      when: { anyUser: slow, system: "^# researcher" },
      reply: { text: "Slowly done.", until: "never" },
    },
  ]),
);
const quickWork = "quick-work";
beforeAll(() =>
  world.model.script("quick", [
    { when: { anyUser: quickWork, system: "^# researcher" }, reply: { text: "Quickly done." } },
    {
      when: { anyUser: "^(call-|background-1)", lastUser: "task_ended", system: "^# supervisor" },
      reply: { text: "Noted." },
    },
  ]),
);

async function startTask(supervisor: SupervisorHandle, description: string): Promise<string> {
  const { text } = await callTool(supervisor, "start_async_task", {
    description,
    subagent_type: "researcher",
  });
  return (JSON.parse(text) as { task_id: string }).task_id;
}

async function untilEnded(supervisor: SupervisorHandle, taskId: string): Promise<void> {
  await until(`${taskId} on the board as ended`, async () =>
    (await supervisor.feed()).entries.some(
      ({ event }) =>
        event.type === "task" &&
        event.taskId === taskId &&
        ["completed", "failed", "cancelled"].includes(event.phase.status),
    ),
  );
}

describe("start_async_task", () => {
  test("called several times in one answer lists the tasks in the order of the calls", async () => {
    const names = ["one", "two", "three", "four", "five", "six"];
    const calls = names.map((name) => startCall(`${quickWork} in-order ${name}`));
    await world.model.script("in-order", delegating("in-order", ...calls));
    const supervisor = await world.start("go in-order");
    const tasks = await untilTasks(supervisor, names.length);
    const listed = tasks.map(({ description }) => description.split(" ").at(-1));
    expect(listed).toEqual(names);
    await supervisor.end();
  });

  test("returns the id of a running task at once", async () => {
    const supervisor = await world.start();
    const { text, isError } = await callTool(supervisor, "start_async_task", {
      description: slow,
      subagent_type: "researcher",
    });
    expect(isError).toBe(false);
    expect(JSON.parse(text)).toMatchObject({
      task_id: expect.stringMatching(/^researcher-[0-9a-f]{12}$/),
      status: "running",
    });
    await supervisor.end();
  });

  test("takes the spelling of other frameworks", async () => {
    const supervisor = await world.start();
    const { text } = await callTool(supervisor, "start_async_task", {
      description: slow,
      agentName: "researcher",
    });
    expect(JSON.parse(text)).toMatchObject({ agent: "researcher" });
    await supervisor.end();
  });

  test.each([
    [
      "an unknown agent is refused with the names there are",
      { description: "x", subagent_type: "nobody" },
      /no agent "nobody"\. Available agents: .*researcher/i,
    ],
    [
      "a missing description is named",
      { subagent_type: "researcher" },
      /was not run.*description/s,
    ],
    [
      "an empty description is named",
      { description: "  ", subagent_type: "researcher" },
      /was not run.*description/s,
    ],
    [
      "an unknown argument is named",
      { description: "x", subagent_type: "researcher", colour: 1 },
      /was not run.*colour/s,
    ],
  ])("%s", async (_, input, words) => {
    const supervisor = await world.start();
    const { text, isError } = await callTool(supervisor, "start_async_task", input);
    expect(isError).toBe(true);
    expect(text).toMatch(words);
    expect(await supervisor.tasks()).toEqual([]);
    await supervisor.end();
  });
});

describe("check_async_task", () => {
  test("shows a running task with its turn and an ended one with its result", async () => {
    const supervisor = await world.start();
    const running = await startTask(supervisor, slow);
    const live = await callTool(supervisor, "check_async_task", { task_id: running });
    expect(JSON.parse(live.text)).toMatchObject({ task_id: running, status: "running", turn: 0 });
    const ended = await startTask(supervisor, quickWork);
    await untilEnded(supervisor, ended);
    const done = await callTool(supervisor, "check_async_task", { taskId: ` ${ended} ` });
    expect(JSON.parse(done.text)).toMatchObject({
      status: "completed",
      description: quickWork,
      result: { summary: "Quickly done." },
    });
    await supervisor.end();
  });

  test.each(["status", "digest", "turns", "full"])("answers at detail %s", async (detail) => {
    const supervisor = await world.start();
    const ended = await startTask(supervisor, quickWork);
    await untilEnded(supervisor, ended);
    const { text } = await callTool(supervisor, "check_async_task", { task_id: ended, detail });
    expect(JSON.parse(text)).toMatchObject({ status: "completed" });
    expect(text.includes('"transcript"')).toBe(detail === "full");
    expect(text.includes('"turns"')).toBe(detail === "turns" || detail === "full");
    await supervisor.end();
  });

  test("an id of another supervisor is refused like one that does not exist", async () => {
    const owner = await world.start();
    const foreign = await startTask(owner, slow);
    const supervisor = await world.start();
    for (const taskId of [foreign, "researcher-000000000000"]) {
      const { text, isError } = await callTool(supervisor, "check_async_task", { task_id: taskId });
      expect(isError).toBe(true);
      expect(text).toContain(`You have no task "${taskId}"`);
    }
    await owner.end();
    await supervisor.end();
  });
});

describe("update_async_task", () => {
  test("refuses an ended task with its status", async () => {
    const supervisor = await world.start();
    const ended = await startTask(supervisor, quickWork);
    await untilEnded(supervisor, ended);
    const { text, isError } = await callTool(supervisor, "update_async_task", {
      task_id: ended,
      message: "more",
    });
    expect(isError).toBe(true);
    expect(text).toMatch(/already ended as completed/);
    await supervisor.end();
  });

  test("an empty message is refused before anything is sent", async () => {
    const supervisor = await world.start();
    const running = await startTask(supervisor, slow);
    const { text, isError } = await callTool(supervisor, "update_async_task", {
      task_id: running,
      message: "",
    });
    expect(isError).toBe(true);
    expect(text).toMatch(/was not run.*message/s);
    await supervisor.end();
  });
});

describe("cancel_async_task", () => {
  test("stops a task, and says what it is before that has happened", async () => {
    const supervisor = await world.start();
    const running = await startTask(supervisor, slow);
    const { text } = await callTool(supervisor, "cancel_async_task", {
      task_id: running,
      reason: "not needed",
    });
    expect(JSON.parse(text)).toMatchObject({ task_id: running, status: "cancelling" });
    await untilReply(supervisor, "Noted");
    const { view } = await supervisor.task(running).check("status");
    expect(view).toMatchObject({
      status: "cancelled",
      result: { status: "cancelled", partial: true, notDone: "not needed" },
    });
    await supervisor.end();
  });

  test("tells that a completed task completed, and leaves it so", async () => {
    const supervisor = await world.start();
    const ended = await startTask(supervisor, quickWork);
    await untilEnded(supervisor, ended);
    const { text, isError } = await callTool(supervisor, "cancel_async_task", { task_id: ended });
    expect(isError).toBe(true);
    expect(text).toMatch(/already ended as completed/);
    const { view } = await supervisor.task(ended).check("status");
    expect(view.status).toBe("completed");
    await supervisor.end();
  });
});

describe("list_async_tasks", () => {
  test("filters by the status that holds now", async () => {
    const supervisor = await world.start();
    const running = await startTask(supervisor, slow);
    const ended = await startTask(supervisor, quickWork);
    await untilEnded(supervisor, ended);
    const idsOf = async (filter?: string): Promise<unknown[]> => {
      const input = filter ? { statusFilter: filter } : {};
      const { text } = await callTool(supervisor, "list_async_tasks", input);
      return (JSON.parse(text) as { tasks: { task_id: string }[] }).tasks.map(
        (task) => task.task_id,
      );
    };
    expect(await idsOf()).toEqual([running, ended]);
    expect(await idsOf("running")).toEqual([running]);
    expect(await idsOf("completed")).toEqual([ended]);
    expect(await idsOf("failed")).toEqual([]);
    await supervisor.end();
  });
});

describe("task", () => {
  test("waits for the result, which then wakes nobody a second time", async () => {
    const supervisor = await world.start();
    const { text } = await callTool(supervisor, "task", {
      description: quickWork,
      subagent_type: "researcher",
    });
    expect(JSON.parse(text)).toMatchObject({ status: "completed", summary: "Quickly done." });
    // A notice that waited would come with the next message.
    await callTool(supervisor, "list_async_tasks", {});
    const page = await supervisor.transcript();
    expect(JSON.stringify(page.messages)).not.toContain("task_ended");
    await supervisor.end();
  });

  test("moves to the background when a person speaks, and ends as a notice", async () => {
    await world.model.script("background", [
      {
        when: { lastUser: "^background-1" },
        reply: {
          toolCalls: [
            {
              name: "task",
              input: { description: "background-task", subagent_type: "researcher" },
            },
          ],
        },
      },
      {
        when: { system: "^# researcher", anyUser: "background-task" },
        reply: { text: "Ready at last.", until: "background" },
      },
      {
        when: { afterTool: "task", lastUser: "^still there" },
        reply: { text: "Here: {{lastToolResult}}" },
      },
    ]);
    const supervisor = await world.start("background-1");
    await until("the task", async () => (await supervisor.tasks()).length === 1);
    expect(await supervisor.ask("still there?")).toMatch(
      /^Here: .*Moved to the background as researcher-/,
    );
    await world.model.release("background");
    await untilReply(supervisor, "Noted");
    const page = await supervisor.transcript();
    expect(JSON.stringify(page.messages)).toContain("Ready at last.");
    await supervisor.end();
  });
});
