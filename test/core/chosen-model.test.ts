// Another model for an agent at work.
import { afterAll, beforeAll, expect, test } from "vitest";
import { setSignal } from "../../protocol/messages.ts";
import { delegating, startCall, untilTasks } from "../support/lead-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
});
afterAll(() => world.close());

/** Turns of a task, each with one read, until a note tells it to end. */
const reading = (mark: string): readonly Rule[] => [
  {
    when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "\\[note.*enough" },
    reply: { text: "Done." },
  },
  {
    when: { system: "^# researcher", anyUser: `${mark}-task` },
    reply: { toolCalls: [{ name: "list_files" }], delayMs: 300 },
  },
];

async function startReading(mark: string) {
  await world.model.script(mark, [
    ...reading(mark),
    ...delegating(mark, startCall(`${mark}-task`)),
  ]);
  const supervisor = await world.start(`go ${mark}`);
  const [view] = await untilTasks(supervisor, 1);
  const task = supervisor.task(view!.taskId);
  await until("a turn", async () => (await task.view()).turn > 0);
  return { supervisor, task };
}

const modelOf = async (task: { transcript(): Promise<{ header?: { model: string } }> }) =>
  (await task.transcript()).header?.model;

test("a task that runs goes on with the model it is given, and keeps it over rolls", async () => {
  const { supervisor, task } = await startReading("set-task");
  const before = (await task.transcript()).generation;
  await task.set({ model: "sonnet" });
  await until("it used", async () => (await modelOf(task)) === "claude-sonnet-5-5");
  const { turn } = await task.view();
  await until("more turns", async () => (await task.view()).turn > turn + 2);
  const { header, generation, messages } = await task.transcript();
  expect([header?.model, generation]).toEqual(["claude-sonnet-5-5", before + 1]);
  expect(JSON.stringify(messages[0])).toContain("set-task-task");
  await task.steer("enough");
  expect((await task.ended()).status).toBe("completed");
  await supervisor.end();
});

test("the same setting counts once", async () => {
  const { supervisor, task } = await startReading("set-once");
  const handle = world.bosun.client.workflow.getHandle(task.id);
  await handle.signal(setSignal, { settingId: "s-1", model: "opus" });
  await until("it used", async () => (await modelOf(task)) === "claude-opus-5-5");
  await task.set({ model: "sonnet" });
  await until("it used", async () => (await modelOf(task)) === "claude-sonnet-5-5");
  await handle.signal(setSignal, { settingId: "s-1", model: "opus" });
  const { turn } = await task.view();
  await until("more turns", async () => (await task.view()).turn > turn + 1);
  expect(await modelOf(task)).toBe("claude-sonnet-5-5");
  await task.steer("enough");
  await task.ended();
  await supervisor.end();
});

test("a model that there is not gives way to the one before, and nothing fails", async () => {
  const mark = "set-missing";
  await world.model.script(mark, [{ when: { anyUser: mark }, reply: { text: "Heard." } }]);
  const supervisor = await world.start(mark);
  await untilReply(supervisor, "Heard");
  const before = await modelOf(supervisor);
  await supervisor.set({ model: "claude-nobody-1" });
  expect(await supervisor.ask(`${mark} again`)).toBe("Heard.");
  await untilFeed(
    supervisor,
    ({ event }) => event.type === "trouble" && /claude-nobody-1 cannot be used/.test(event.text),
  );
  expect(await modelOf(supervisor)).toBe(before);
  await supervisor.end();
});

test("an agent that waits for its quota tries at once with another model", async () => {
  const mark = "set-quota";
  await world.model.script(mark, [{ when: { anyUser: mark }, reply: { text: "Back." } }]);
  await world.model.fault({
    fault: { type: "http", status: 400, errorType: "billing_error", message: "no credit" },
    times: 1,
    when: { anyUser: mark },
  });
  const supervisor = await world.start(mark);
  await until("it waits", async () => (await supervisor.status()).status === "waiting");
  await supervisor.set({ model: "haiku" });
  await untilReply(supervisor, "Back");
  expect(await modelOf(supervisor)).toBe("claude-haiku-5-5");
  await supervisor.end();
});
