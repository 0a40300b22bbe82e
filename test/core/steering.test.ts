// Notes to running tasks, and the proof of being seen.
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A supervisor with one task, whose own rules come first. */
async function delegateTo(mark: string, rules: Parameters<World["model"]["script"]>[1]) {
  await world.model.script(mark, [
    ...rules,
    {
      when: { lastUser: `^go ${mark}` },
      reply: {
        toolCalls: [
          { name: "start_async_task", input: { description: mark, subagent_type: "researcher" } },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: mark, afterTool: "start_async_task" },
      reply: { text: "Started." },
    },
    {
      when: { system: "^# supervisor", anyUser: mark, lastUser: "task_ended" },
      reply: { text: "Over: {{event:task_ended:summary}}" },
    },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Started");
  const [view] = await until("the task", async () => {
    const tasks = await supervisor.tasks();
    return tasks.length > 0 && tasks;
  });
  return { supervisor, task: supervisor.task(view!.taskId), taskId: view!.taskId };
}

test("a note enters at the next step boundary, after the results owed, and its receipt names the turn", async () => {
  const { supervisor, task, taskId } = await delegateTo("steer-a", [
    {
      when: { anyUser: "steer-a", system: "^# researcher", assistantTurns: 0 },
      reply: { toolCalls: [{ name: "list_files" }], until: "steer-a" },
    },
    {
      when: { anyUser: "steer-a", system: "^# researcher", lastUser: "only Markdown" },
      reply: { text: "Saw the note." },
    },
  ]);
  await until("its first call", async () => (await task.look()).live);
  const sent = await task.steer("only Markdown", "next_step");
  await world.model.release("steer-a");
  await untilReply(supervisor, "Over: Saw the note");
  const receipt = await untilFeed(
    supervisor,
    ({ event }) => event.type === "receipt" && event.taskId === taskId,
  );
  expect(receipt.event).toMatchObject({ receipt: { noteId: sent.noteId, turn: 2 } });
  const { messages } = await task.transcript();
  expect(messages[2]?.content.map((block) => block.type)).toEqual(["tool_result", "text"]);
  await supervisor.end();
});

test("a note for now breaks off the model call, and nothing of that answer is kept", async () => {
  const { supervisor, task } = await delegateTo("steer-b", [
    {
      when: { anyUser: "steer-b", system: "^# researcher", lastUser: "stop that" },
      reply: { text: "Turned round." },
    },
    {
      when: { anyUser: "steer-b", system: "^# researcher" },
      reply: { text: "Never said.", until: "never" },
    },
  ]);
  await until("the model call", async () =>
    (await world.model.journal("steer-b")).some(({ request }) =>
      JSON.stringify(request.system).includes("# researcher"),
    ),
  );
  await task.steer("stop that", "now");
  expect(await untilReply(supervisor, "^Over")).toBe("Over: Turned round.");
  const { messages } = await task.transcript();
  expect(messages.map((message) => message.role)).toEqual(["user", "user", "assistant"]);
  await supervisor.end();
});

test("a note that arrives during the final answer is still honoured", async () => {
  const { supervisor, task } = await delegateTo("steer-c", [
    {
      when: { anyUser: "steer-c", system: "^# researcher", assistantTurns: 0 },
      reply: { text: "My last word.", until: "steer-c" },
    },
    {
      when: { anyUser: "steer-c", system: "^# researcher", lastUser: "one more thing" },
      reply: { text: "And one more thing." },
    },
  ]);
  await until("its last call", async () => (await task.look()).live);
  await task.steer("one more thing", "next_step");
  await world.model.release("steer-c");
  expect(await untilReply(supervisor, "^Over")).toBe("Over: And one more thing.");
  await supervisor.end();
});

test("a note to an ended task is refused with its status", async () => {
  const { supervisor, task } = await delegateTo("steer-d", [
    { when: { anyUser: "steer-d", system: "^# researcher" }, reply: { text: "Done." } },
  ]);
  await untilReply(supervisor, "^Over");
  await expect(task.steer("too late", "next_step")).rejects.toThrow(/completed/);
  await supervisor.end();
});

test("the same note id counts once", async () => {
  const { supervisor, task } = await delegateTo("steer-e", [
    {
      when: { anyUser: "steer-e", system: "^# researcher", assistantTurns: 0 },
      reply: { toolCalls: [{ name: "list_files" }], until: "steer-e" },
    },
    {
      when: { anyUser: "steer-e", system: "^# researcher", assistantTurns: 1 },
      reply: { text: "Fine." },
    },
  ]);
  const handle = world.bosun.client.workflow.getHandle(task.id);
  const note = { noteId: "n-1", message: "twice", when: "next_step", from: "person" };
  await handle.signal("update_async_task", note);
  await handle.signal("update_async_task", note);
  await world.model.release("steer-e");
  await untilReply(supervisor, "^Over");
  const { messages } = await task.transcript();
  expect(JSON.stringify(messages).split("[note n-1 from person]")).toHaveLength(2);
  await supervisor.end();
});
