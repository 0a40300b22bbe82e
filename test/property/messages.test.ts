// Messages that nobody would send, sent to agents that run.
import { defineQuery, defineSignal } from "@temporalio/workflow";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, until, untilReply, type World } from "../support/world.ts";
import { anyText, seed } from "./property.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** `end` is left out: it means what it says. */
const names = fc.constantFrom(
  "send_message",
  "task_event",
  "resume",
  "update_async_task",
  "begin",
  "cancel_reason",
  "findings",
  "unheard_of",
);
const known = { taskId: fc.constantFrom("researcher-1", ""), noteId: anyText(8), id: anyText(8) };
const nearMiss = fc.record(
  {
    ...known,
    text: fc.oneof(anyText(20), fc.integer()),
    message: fc.oneof(fc.constant(""), fc.jsonValue()),
    from: fc.oneof(fc.constantFrom("person", "supervisor"), fc.jsonValue()),
    when: fc.oneof(fc.constantFrom("now", "next_step"), fc.jsonValue()),
    after: fc.oneof(fc.integer(), fc.jsonValue()),
    items: fc.oneof(fc.array(fc.jsonValue(), { maxLength: 2 }), fc.jsonValue()),
    key: fc.jsonValue(),
    seq: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
    event: fc.oneof(
      fc.jsonValue(),
      fc.record({
        type: fc.constantFrom("waiting", "resumed", "receipts", "finding", "trouble", "unknown"),
        text: fc.jsonValue(),
        trouble: fc.jsonValue(),
        waitingOn: fc.array(fc.constantFrom("model", "moon")),
        receipts: fc.array(fc.jsonValue(), { maxLength: 2 }),
      }),
    ),
  },
  { requiredKeys: [] },
);
const args: fc.Arbitrary<unknown[]> = fc.array(fc.oneof(fc.jsonValue(), nearMiss), {
  maxLength: 2,
});
const requests = 50;
const cases = fc.sample(fc.tuple(names, args), { seed, numRuns: 60 });

async function bombard(workflowId: string): Promise<void> {
  const handle = world.bosun.client.workflow.getHandle(workflowId);
  for (const [name, given] of cases) await handle.signal(defineSignal<unknown[]>(name), ...given);
  for (const [, given] of cases.slice(0, requests / 5)) {
    await Promise.allSettled([
      ...["send_message", "claim", "unheard_of"].map((name) =>
        handle.executeUpdate(name, { args: given as [] }),
      ),
      ...["transcript", "check_async_task", "feed"].map((name) =>
        handle.query(defineQuery<unknown, unknown[]>(name), ...given),
      ),
    ]);
  }
}

async function faultsOf(workflowId: string): Promise<readonly string[]> {
  const { events } = await world.bosun.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const failed = event.workflowTaskFailedEventAttributes;
    return failed ? [failed.failure?.message ?? "a failed workflow task"] : [];
  });
}

test(`no message fails a supervisor or a task, and none ends it (${cases.length} signals and ${requests} requests each, seed ${seed})`, async () => {
  await world.model.script("bombarded", [
    {
      when: { system: "^# supervisor", lastUser: "^go bombarded" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "bombarded-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "still there\\?" },
      reply: { text: "Still here." },
    },
    { when: { system: "^# supervisor", anyUser: "go bombarded" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "finish now" },
      reply: { text: "Finished." },
    },
    {
      when: { system: "^# researcher", anyUser: "bombarded-task" },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 3_000 },
    },
  ]);
  const supervisor = await world.start("go bombarded");
  await untilReply(supervisor, "Heard");
  const [task] = await until("the task", async () => {
    const tasks = await supervisor.tasks();
    return tasks.length === 1 && tasks;
  });
  const taskId = task?.taskId ?? "";
  await bombard(supervisor.id);
  await bombard(taskId);
  const { client } = world.bosun;
  expect((await client.workflow.getHandle(taskId).describe()).status.name).toBe("RUNNING");
  await supervisor.send("still there?");
  await untilReply(supervisor, "Still here");
  await supervisor.task(taskId).steer("finish now");
  await until("the task's end", async () => (await supervisor.tasks())[0]?.status === "completed");
  expect(await faultsOf(supervisor.id)).toEqual([]);
  expect(await faultsOf(taskId)).toEqual([]);
  await supervisor.end();
}, 60_000);
