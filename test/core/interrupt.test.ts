// A supervisor's turn that a person breaks off.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { interruptSignal } from "../../protocol/messages.ts";
import { addCarefulAgent } from "../support/careful-agent.ts";
import { openStuckHost } from "../support/stuck-host.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const untilIdle = (supervisor: SupervisorHandle) =>
  until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");

const untilCalled = (mark: string, count = 1) =>
  until("the call", async () => (await world.model.journal(mark)).length >= count);

async function rolesOf(supervisor: SupervisorHandle): Promise<readonly string[]> {
  return (await supervisor.transcript()).messages.map(({ role }) => role);
}

/** Words under "interrupted", which say that there was nothing to break off. */
const untilSaid = (supervisor: SupervisorHandle, words: RegExp) =>
  untilFeed(
    supervisor,
    ({ event }) =>
      event.type === "control" && event.what === "interrupted" && words.test(event.text),
  );

test("nothing of the answer under way is kept, it says so, and the next message goes on from there", async () => {
  const mark = "int-call";
  await world.model.script(mark, [
    { when: { anyUser: `^go ${mark}`, lastUser: "^and now" }, reply: { text: "Turned round." } },
    { when: { lastUser: `^go ${mark}` }, reply: { text: "Never said.", until: "never" } },
  ]);
  const supervisor = await world.start();
  const asked = supervisor.ask(`go ${mark}`);
  await untilCalled(mark);
  expect(await supervisor.interrupt()).toBe("thinking");
  expect(await asked).toMatch(/^Interrupted/);
  await untilIdle(supervisor);
  expect(await rolesOf(supervisor)).toEqual(["user"]);
  expect(await supervisor.ask("and now?")).toBe("Turned round.");
  expect(JSON.stringify((await supervisor.transcript()).messages)).not.toContain("Never said");
  await supervisor.end();
});

test("an idle one stays as it is and says so", async () => {
  const mark = "int-idle";
  await world.model.script(mark, [{ when: { lastUser: mark }, reply: { text: "Here." } }]);
  const supervisor = await world.start();
  expect(await supervisor.interrupt()).toBe("idle");
  await untilSaid(supervisor, /Nothing was under way/);
  expect(await supervisor.ask(mark)).toBe("Here.");
  expect(await rolesOf(supervisor)).toEqual(["user", "assistant"]);
  await supervisor.end();
});

test("a task that the turn waits for goes on in the background", async () => {
  const mark = "int-sync";
  await world.model.script(mark, [
    {
      when: { system: "^# researcher", anyUser: `${mark}-task` },
      reply: { text: "Done.", until: mark },
    },
    {
      when: { anyUser: `^go ${mark}`, lastUser: "task_ended" },
      reply: { text: "Over: {{event:task_ended:status}}" },
    },
    {
      when: { lastUser: `^go ${mark}` },
      reply: {
        toolCalls: [
          { name: "task", input: { description: `${mark}-task`, subagent_type: "researcher" } },
        ],
      },
    },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await until("the task", async () => (await supervisor.tasks()).length === 1);
  await supervisor.interrupt();
  await untilReply(supervisor, "^Interrupted");
  expect(JSON.stringify((await supervisor.transcript()).messages)).toContain(
    "Moved to the background",
  );
  await world.model.release(mark);
  expect(await untilReply(supervisor, "^Over")).toBe("Over: completed");
  await supervisor.end();
});

test("a wait for an event goes on in the background", async () => {
  const mark = "int-event";
  await world.model.script(mark, [
    {
      when: { anyUser: `^go ${mark}`, lastUser: 'type="event"' },
      reply: { text: "It came." },
    },
    {
      when: { lastUser: `^go ${mark}` },
      reply: {
        toolCalls: [{ name: "wait_for_event", input: { name: mark, timeout_minutes: 10 } }],
      },
    },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilCalled(mark);
  await until("its wait", async () => (await supervisor.feed()).status === "waiting");
  await supervisor.interrupt();
  await untilReply(supervisor, "^Interrupted");
  expect(JSON.stringify((await supervisor.transcript()).messages)).toContain(
    "Moved to the background",
  );
  await supervisor.event(mark);
  await untilReply(supervisor, "^It came");
  await supervisor.end();
});

test("what it asks of a person is taken back", async () => {
  const mark = "int-ask";
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [{ name: "ask_human", input: { question: "Which?" } }] },
    },
    { when: { anyUser: `^go ${mark}` }, reply: { text: "Fine." } },
  ]);
  await addCarefulAgent(world.workspace);
  const { workspace, bosun } = world;
  const { supervisor } = await bosun.start({ workspace, agent: "careful", message: `go ${mark}` });
  await until("a question", async () => (await supervisor.status()).requests?.length === 1);
  expect(await supervisor.interrupt()).toBe("waiting");
  await untilReply(supervisor, "^Interrupted");
  await untilIdle(supervisor);
  expect((await supervisor.status()).requests).toBeUndefined();
  expect(await supervisor.ask("go on")).toBe("Fine.");
  await supervisor.end();
});

test("a wait for the model ends too", async () => {
  const mark = "int-model";
  await world.model.script(mark, [{ when: { anyUser: mark }, reply: { text: "Back." } }]);
  await world.model.fault({
    fault: { type: "http", status: 400, errorType: "billing_error", message: "no credit" },
    times: 1,
    when: { anyUser: mark },
  });
  const supervisor = await world.start(`go ${mark}`);
  await until("it waits", async () => (await supervisor.status()).status === "waiting");
  await supervisor.interrupt();
  await untilReply(supervisor, "^Interrupted");
  await untilIdle(supervisor);
  expect(await supervisor.ask(`${mark}?`)).toBe("Back.");
  await supervisor.end();
});

const write = (path: string) => ({
  name: "write_file",
  input: { path: `artifacts/${path}`, content: "x" },
});

test("of a turn with writes the one that has begun is finished, the next one is not run", async () => {
  const own = await openWorld({ workers: false });
  await own.startWorkers({ BOSUN_ROLES: "workflows,models" });
  const host = await openStuckHost(own);
  try {
    const mark = "int-write";
    await own.model.script(mark, [
      {
        when: { lastUser: `^go ${mark}` },
        reply: { toolCalls: [write("one.md"), write("two.md")] },
      },
    ]);
    const supervisor = await own.start(`go ${mark}`);
    await until("a write", async () => host.begun() === 1);
    await supervisor.interrupt();
    // Said after the interruption: a turn of its own answers it.
    await own.model.script(`${mark}-late`, [
      { when: { lastUser: "and this?" }, reply: { text: "This." } },
    ]);
    const late = await supervisor.send("and this?");
    await host.close();
    await own.startWorkers({ BOSUN_ROLES: "tools" });
    await untilReply(supervisor, "^Interrupted");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "reply" && event.answers.includes(late.id),
    );
    expect(host.begun()).toBe(1);
    const { messages } = await supervisor.transcript();
    expect(messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "user",
      "user",
      "assistant",
    ]);
    expect(JSON.stringify(messages[2])).toMatch(/"done".*Not run: a person interrupted/);
    await supervisor.end();
  } finally {
    await own.close();
  }
}, 60_000);

test.each([0, 20, 40, 60])(
  "%s ms around its arrival, an answer is either kept whole or not at all, and it is idle afterwards",
  async (wait) => {
    const mark = `int-race-${wait}`;
    await world.model.script(mark, [
      { when: { lastUser: `^again ${mark}` }, reply: { text: "Still here." } },
      {
        when: { lastUser: `^go ${mark}$` },
        reply: { toolCalls: [{ name: "list_files" }], delayMs: wait },
      },
      { when: { anyUser: `^go ${mark}` }, reply: { text: "Said." } },
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await untilCalled(`go ${mark}`);
    await supervisor.interrupt();
    await untilIdle(supervisor);
    const { messages } = await supervisor.transcript();
    const calls = messages
      .flatMap(({ content }) => content)
      .filter(({ type }) => type === "tool_use");
    const results = messages
      .flatMap(({ content }) => content)
      .filter(({ type }) => type === "tool_result");
    expect(results).toHaveLength(calls.length);
    expect(await supervisor.ask(`again ${mark}`)).toBe("Still here.");
    await supervisor.end();
  },
);

/** Of an answer that is held: while nobody decides anything, it is recorded first and the interruption after it. */
async function interruptBehindAnswer(own: World, mark: string): Promise<SupervisorHandle> {
  await own.startWorkers({ BOSUN_ROLES: "models,tools" });
  const before = await own.startWorkers({ BOSUN_ROLES: "workflows" });
  const supervisor = await own.start(`go ${mark}`);
  await until("the call", async () => (await own.model.journal(mark)).length > 0);
  before.stop();
  await before.done;
  await own.model.release(mark);
  const handle = own.bosun.client.workflow.getHandle(supervisor.id);
  const isRecorded = async () => !(await handle.describe()).raw.pendingActivities?.length;
  await until("it recorded", isRecorded);
  await handle.signal(interruptSignal);
  await own.startWorkers({ BOSUN_ROLES: "workflows" });
  return supervisor;
}

test("an answer that had come before the interruption was heard is kept, and its calls are answered", async () => {
  const own = await openWorld({ workers: false });
  try {
    const mark = "int-won";
    await own.model.script(mark, [
      {
        when: { lastUser: `^go ${mark}` },
        reply: { text: "I look.", toolCalls: [{ name: "list_files" }], until: mark },
      },
      { when: { anyUser: `^go ${mark}` }, reply: { text: "Went on." } },
    ]);
    const supervisor = await interruptBehindAnswer(own, mark);
    await untilReply(supervisor, "^Interrupted");
    await untilIdle(supervisor);
    const { messages } = await supervisor.transcript();
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(JSON.stringify(messages[2])).toContain("Not run: a person interrupted the turn.");
    expect(await supervisor.ask("go on")).toBe("Went on.");
    await supervisor.end();
  } finally {
    await own.close();
  }
}, 60_000);

test("a last answer that had come is said, and the interruption says that it came too late", async () => {
  const own = await openWorld({ workers: false });
  try {
    const mark = "int-late";
    await own.model.script(mark, [
      { when: { lastUser: `^go ${mark}` }, reply: { text: "My answer.", until: mark } },
    ]);
    const supervisor = await interruptBehindAnswer(own, mark);
    await untilReply(supervisor, "^My answer");
    await untilSaid(supervisor, /had come already/);
    await untilIdle(supervisor);
    expect(await rolesOf(supervisor)).toEqual(["user", "assistant"]);
    await supervisor.end();
  } finally {
    await own.close();
  }
}, 60_000);

test("in a world that rolls, an interruption is not lost between two runs", async () => {
  const own = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  try {
    const mark = "int-roll";
    await own.model.script(mark, [
      { when: { anyUser: `^go ${mark}`, lastUser: "enough" }, reply: { text: "Enough." } },
      {
        when: { anyUser: `^go ${mark}` },
        reply: { toolCalls: [{ name: "list_files" }] },
      },
    ]);
    const supervisor = await own.start(`go ${mark}`);
    for (const turns of [2, 4, 6]) {
      await until("turns", async () => (await supervisor.status()).turn >= turns);
      await supervisor.interrupt();
      await until("one word for each", async () => {
        const { entries } = await supervisor.feed();
        const said = entries.filter(
          ({ event }) => event.type === "reply" && event.text.startsWith("Interrupted"),
        );
        return said.length === turns / 2;
      });
      await untilIdle(supervisor);
      if (turns < 6) await supervisor.send(`go ${mark} on`);
    }
    expect(await supervisor.ask("enough")).toBe("Enough.");
    await supervisor.end();
  } finally {
    await own.close();
  }
}, 60_000);

test("a paused supervisor keeps its turn until it is interrupted, and stays paused after it", async () => {
  const mark = "int-paused";
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [{ name: "list_files" }], until: mark },
    },
    { when: { anyUser: `^go ${mark}` }, reply: { text: "Went on." } },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilCalled(mark);
  await supervisor.pause();
  await until("it marked", async () => (await supervisor.status()).pausedAt !== undefined);
  await world.model.release(mark);
  await until("it parked", async () => (await supervisor.status()).status === "waiting");
  await supervisor.interrupt();
  await untilReply(supervisor, "^Interrupted");
  await until("it waits", async () => (await supervisor.status()).status === "waiting");
  await supervisor.resume();
  await untilIdle(supervisor);
  expect(await supervisor.ask("go on")).toBe("Went on.");
  await supervisor.end();
});

test("what has ended, a task and nobody cannot be interrupted", async () => {
  const supervisor = await world.start();
  await supervisor.end();
  await until("its end", async () => (await supervisor.status()).endedAt !== null);
  await expect(supervisor.interrupt()).rejects.toMatchObject({ code: "ended" });
  await expect(world.bosun.supervisor("nobody").interrupt()).rejects.toMatchObject({
    code: "unknown",
  });
});
