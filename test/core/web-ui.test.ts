// What the Web UI and a list show of an agent.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

interface Metadata {
  readonly currentDetails?: string;
}

test("summaries, details and attributes say who does what for whom, and how far it is", async () => {
  await world.model.script("ui", [
    {
      when: { lastUser: "^go ui" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "ui-task: read", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "go ui" }, reply: { text: "Heard." } },
    {
      when: { anyUser: "ui-task", assistantTurns: 0 },
      reply: { toolCalls: [{ name: "read_file", input: { path: "README.md" } }] },
    },
    { when: { anyUser: "ui-task" }, reply: { text: "Done." } },
  ]);
  const supervisor = await world.start("go ui");
  await untilReply(supervisor, "Heard");
  const [task] = await until("the end", async () => {
    const tasks = await supervisor.tasks();
    return tasks[0]?.status === "completed" && tasks;
  });
  const { client } = world.bosun;
  const handle = client.workflow.getHandle(task!.taskId);
  const description = await handle.describe();
  expect(await description.staticSummary()).toBe("researcher: ui-task: read");
  expect(await description.staticDetails()).toContain(`for \`${supervisor.id}\``);

  const { events } = await handle.fetchHistory();
  const summaries = (events ?? []).flatMap((event) => {
    const data = event.userMetadata?.summary?.data;
    const isActivity = event.activityTaskScheduledEventAttributes !== null;
    return data && isActivity ? [JSON.parse(Buffer.from(data).toString())] : [];
  });
  expect(summaries.slice(-4)).toEqual([
    "turn 1 · scripted model",
    "read_file README.md",
    "turn 2 · scripted model · after 1 tool call",
    "what it leaves on its host",
  ]);

  const panel = await until("a panel that knows of the end", async () => {
    const found = await client.workflow
      .getHandle(supervisor.id)
      .query<Metadata>("__temporal_workflow_metadata");
    return found.currentDetails?.includes("| completed |") && found;
  });
  expect(panel.currentDetails).toContain("scripted model, not Claude");
  expect(panel.currentDetails).toContain(`| ${task?.taskId} | completed | ui-task: read |`);

  const query = `AgentName = 'researcher' AND AgentStatus = 'completed' AND AgentDepth = 1 AND ParentWorkflowId = '${supervisor.id}'`;
  const found = await until("the attributes", async () => {
    const ids: string[] = [];
    for await (const one of client.workflow.list({ query })) ids.push(one.workflowId);
    return ids.length > 0 && ids;
  });
  expect(found).toEqual([task?.taskId]);

  const page = await readFile(new URL("../../docs/web-ui.md", import.meta.url), "utf8");
  const filters = (/```sql\n([^`]+)```/.exec(page)?.[1] ?? "").trim().split("\n");
  expect(filters.length).toBeGreaterThan(3);
  // The server refuses what it cannot read.
  for (const filter of filters) await client.workflow.count(filter);
  await supervisor.end();
});

test("the panel of a task that failed says why", async () => {
  const description = "panel-refused: read";
  await world.model.script("panel-refused", [
    {
      when: { lastUser: "^go panel-refused" },
      reply: {
        toolCalls: [
          { name: "start_async_task", input: { description, subagent_type: "researcher" } },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "go panel-refused" }, reply: { text: "Heard." } },
    { when: { anyUser: "panel-refused" }, reply: { stopReason: "refusal" } },
  ]);
  const supervisor = await world.start("go panel-refused");
  const [task] = await until("the end", async () => {
    const tasks = await supervisor.tasks();
    return tasks[0]?.status === "failed" && tasks;
  });
  const handle = world.bosun.client.workflow.getHandle(task!.taskId);
  const panel = await handle.query<Metadata>("__temporal_workflow_metadata");
  expect(panel.currentDetails).toContain("**Failed:** The model declined to answer");
  await supervisor.end();
});
