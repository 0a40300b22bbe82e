// What waits for a person, over rolls and absences.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenRequest, SupervisorHandle, TaskHandle } from "../../client/index.ts";
import { addCarefulAgent, exists, resultsOf } from "../support/careful-agent.ts";
import { openWorld, recordOf, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
let rolling: World;
beforeAll(async () => {
  world = await openWorld();
  rolling = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  for (const { workspace } of [world, rolling]) await addCarefulAgent(workspace);
});
afterAll(() => Promise.all([world.close(), rolling.close()]));

const write = (path: string) => ({ name: "write_file", input: { path, content: `${path}\n` } });

/** A supervisor whose only task makes these calls in its first answer, then says what came back. */
async function begin(
  where: World,
  mark: string,
  toolCalls: readonly { name: string; input?: object }[],
  word?: string,
): Promise<{ supervisor: SupervisorHandle; task: TaskHandle }> {
  await where.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: `${mark}-task`, subagent_type: "careful" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { system: "^# careful", anyUser: `${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls },
    },
    {
      when: { system: "^# careful", anyUser: `${mark}-task` },
      reply: { text: "Done.", ...(word && { until: word }) },
    },
  ]);
  const supervisor = await where.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const [view] = await until("the task", async () => {
    const all = await supervisor.tasks();
    return all.length > 0 && all;
  });
  return { supervisor, task: supervisor.task(view!.taskId) };
}

async function untilAsked(agent: TaskHandle, count = 1): Promise<readonly OpenRequest[]> {
  return await until("a request", async () => {
    const { requests = [] } = await agent.view();
    return requests.length === count && requests;
  }).catch(async (error: Error) => {
    const view = JSON.stringify(await agent.view());
    throw new Error(`${error.message}\n${view}\n${await recordOf(world.bosun, agent.id)}`);
  });
}

test("a call that needs approval waits without a slot, while the other calls of the turn go on", async () => {
  const { supervisor, task } = await begin(world, "approve-1", [
    write("a1.txt"),
    { name: "list_files" },
  ]);
  const [request] = await untilAsked(task);
  expect(request).toMatchObject({
    kind: "approval",
    tool: "write_file",
    label: "write_file a1.txt",
  });
  await until("nothing else to wait for", async () => {
    const { waitingOn } = await task.view();
    return waitingOn?.join() === "approval";
  });
  expect(await exists(world, "a1.txt")).toBe(false);
  const taken = await task.decide(request!.requestId, { type: "approve" }, "ann");
  expect(taken).toMatchObject({
    known: false,
    stored: "accepted",
    settled: { outcome: "approve", by: "ann" },
  });
  expect((await task.ended()).status).toBe("completed");
  expect(await exists(world, "a1.txt")).toBe(true);
  const [written, listed] = await resultsOf(task);
  expect(written).toContain("a1.txt");
  expect(listed).toContain("README.md");
  await supervisor.end();
});

test("a denied call is not run, and the model hears who denied it and why", async () => {
  const { supervisor, task } = await begin(world, "deny-1", [write("d1.txt")]);
  const [request] = await untilAsked(task);
  await task.decide(request!.requestId, { type: "deny", reason: "not this file" }, "ann");
  expect((await task.ended()).status).toBe("completed");
  expect(await exists(world, "d1.txt")).toBe(false);
  expect((await resultsOf(task))[0]).toMatch(/denied.*not this file/);
  await supervisor.end();
});

test("an approval may change the arguments, which are checked first", async () => {
  const { supervisor, task } = await begin(world, "edit-1", [write("e1.txt")]);
  const [request] = await untilAsked(task);
  const { requestId } = request!;
  await expect(task.decide(requestId, { type: "approve", input: { path: 7 } })).rejects.toThrow(
    /cannot be used/,
  );
  await task.decide(requestId, { type: "approve", input: { path: "e2.txt", content: "other" } });
  await task.ended();
  expect(await exists(world, "e1.txt")).toBe(false);
  expect(await exists(world, "e2.txt")).toBe(true);
  await supervisor.end();
});

test("a question is answered with words, once, and a second answer hears what became of it", async () => {
  const { supervisor, task } = await begin(world, "ask-1", [
    { name: "ask_human", input: { question: "Which colour?" } },
  ]);
  const [request] = await untilAsked(task);
  const { requestId } = request!;
  expect(request).toMatchObject({ kind: "answer", text: "Which colour?" });
  await expect(task.decide(requestId, { type: "approve" })).rejects.toThrow(/is a question/);
  await task.decide(requestId, { type: "answer", text: "green" }, "ann");
  await task.ended();
  expect((await resultsOf(task))[0]).toContain("ann answers: green");
  await supervisor.end();
});

test("deciding twice has one effect: the same is known, the contrary is refused with who decided", async () => {
  const { supervisor, task } = await begin(world, "twice-1", [write("t1.txt"), write("t2.txt")]);
  const [first, second] = await untilAsked(task, 2);
  await task.decide(first!.requestId, { type: "deny", reason: "no" }, "ann");
  expect(await task.decide(first!.requestId, { type: "deny", reason: "no" }, "bob")).toMatchObject({
    known: true,
    settled: { by: "ann" },
  });
  await expect(task.decide(first!.requestId, { type: "approve" })).rejects.toThrow(/denied by ann/);
  await expect(task.decide("q-none", { type: "approve" })).rejects.toThrow(second!.requestId);
  await task.decide(second!.requestId, { type: "approve" });
  expect((await task.ended()).status).toBe("completed");
  expect(await exists(world, "t2.txt")).toBe(true);
  await supervisor.end();
});

test("an open turn with results so far and requests travels through rolls and goes on where it was", async () => {
  const { supervisor, task } = await begin(rolling, "roll-1", [
    { name: "list_files" },
    write("r1.txt"),
    { name: "ask_human", input: { question: "Sure?" } },
  ]);
  const [approval, question] = await untilAsked(task, 2);
  const before = await rolling.bosun.client.workflow.getHandle(task.id).describe();
  expect(before.historyLength).toBeLessThan(60);
  await task.decide(approval!.requestId, { type: "approve" });
  await until("one request", async () => (await task.view()).requests?.length === 1);
  await task.decide(question!.requestId, { type: "answer", text: "yes" });
  expect((await task.ended()).status).toBe("completed");
  expect(await resultsOf(task)).toHaveLength(3);
  const listings = (await rolling.model.journal("roll-1-task")).filter(
    ({ request }) => request.messages.length === 1,
  );
  expect(listings).toHaveLength(1);
  await supervisor.end();
});

test.concurrent("a decision made while no worker runs is stored and heeded", async () => {
  const away = await openWorld({ workers: false });
  try {
    await addCarefulAgent(away.workspace);
    const workers = await away.startWorkers();
    const { supervisor, task } = await begin(away, "away-1", [write("w1.txt")]);
    const [request] = await untilAsked(task);
    workers.stop();
    await workers.done;
    expect(await task.decide(request!.requestId, { type: "approve" })).toMatchObject({
      stored: "signalled",
    });
    await away.startWorkers();
    expect((await task.ended()).status).toBe("completed");
    expect(await exists(away, "w1.txt")).toBe(true);
    await supervisor.end();
  } finally {
    await away.close();
  }
});

test.concurrent("nobody decides: the request is denied when its time is up, and the task goes on", async () => {
  const hasty = await openWorld({ env: { BOSUN_APPROVAL_TIMEOUT_MS: "1500" } });
  try {
    await addCarefulAgent(hasty.workspace);
    const { supervisor, task } = await begin(hasty, "late-1", [write("l1.txt")]);
    expect((await task.ended()).status).toBe("completed");
    expect(await exists(hasty, "l1.txt")).toBe(false);
    expect((await resultsOf(task))[0]).toContain("nobody approved it in time");
    await supervisor.end();
  } finally {
    await hasty.close();
  }
});

test.concurrent("a request whose time ran out while nothing ran is prolonged once, and can still be decided", async () => {
  const away = await openWorld({
    env: { BOSUN_APPROVAL_TIMEOUT_MS: "12000", BOSUN_LATE_MS: "1000" },
    workers: false,
  });
  try {
    await addCarefulAgent(away.workspace);
    const workers = await away.startWorkers();
    const { supervisor, task } = await begin(away, "prolong-1", [write("p1.txt")]);
    const [request] = await untilAsked(task);
    workers.stop();
    await workers.done;
    const gone = Date.parse(request!.expiresAt) + 1_500;
    await until("its time is up", async () => Date.now() > gone);
    await away.startWorkers();
    const [prolonged] = await until("a longer time", async () => {
      const { requests } = await task.view();
      return requests?.[0]?.extended && requests;
    });
    await task.decide(prolonged!.requestId, { type: "approve" });
    expect((await task.ended()).status).toBe("completed");
    expect(await exists(away, "p1.txt")).toBe(true);
    await supervisor.end();
  } finally {
    await away.close();
  }
}, 60_000);

test("a note for later waits for the decision, a note for now withdraws the request", async () => {
  const { supervisor, task } = await begin(world, "note-1", [write("n1.txt")], "note-1");
  const [request] = await untilAsked(task);
  const patient = await task.steer("when you are ready");
  expect((await task.view()).receipts).toEqual([]);
  await task.steer("stop that", "now");
  await patient.receipt();
  await expect(task.decide(request!.requestId, { type: "approve" })).rejects.toThrow(/withdrawn/);
  await world.model.release("note-1");
  expect((await task.ended()).status).toBe("completed");
  expect(await exists(world, "n1.txt")).toBe(false);
  expect((await resultsOf(task))[0]).toContain("withdrawn");
  await supervisor.end();
});

test("a task that is cancelled while it asks ends as cancelled", async () => {
  const { supervisor, task } = await begin(world, "stop-1", [write("s1.txt")]);
  await untilAsked(task);
  await task.cancel("enough");
  expect((await task.ended()).status).toBe("cancelled");
  await untilFeed(
    supervisor,
    ({ event }) => event.type === "task" && event.phase.status === "cancelled",
  );
  await supervisor.end();
});
