// Moments in which something used to be lost, or could be.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Context } from "@temporalio/activity";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createHostActivities } from "../../activities/index.ts";
import { toHostQueue } from "../../protocol/ids.ts";
import { startCall, untilTasks } from "../support/lead-agent.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";
import type { Rule } from "../support/scripted-model.ts";

/** A supervisor that starts tasks with a mark and acknowledges whatever else happens. */
function delegating(mark: string, count = 1, agent = "researcher"): readonly Rule[] {
  const calls = Array.from({ length: count }, (_, index) =>
    startCall(`${mark} part ${index}`, agent),
  );
  return [
    { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: calls } },
    { when: { system: "^# supervisor", anyUser: `^go ${mark}` }, reply: { text: "Heard." } },
  ];
}

const closed = (world: World, id: string) =>
  until(`${id} closed`, async () => {
    const { status } = await world.bosun.client.workflow.getHandle(id).describe();
    return status.name !== "RUNNING" && status.name;
  });

describe("in a world that rolls after each turn", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  });
  afterAll(() => world.close());

  test("a supervisor cancelled after a roll cancels its tasks and ends", async () => {
    await world.model.script("hm-a", [
      ...delegating("hm-a"),
      {
        when: { system: "^# researcher", anyUser: "hm-a part" },
        reply: { text: "Never.", until: "never" },
      },
    ]);
    const supervisor = await world.start("go hm-a");
    await untilReply(supervisor, "Heard");
    const [task] = await untilTasks(supervisor, 1);
    await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
    await world.bosun.client.workflow.getHandle(supervisor.id).cancel();
    expect(await closed(world, supervisor.id)).toBe("CANCELLED");
    expect(await closed(world, task!.taskId)).toBe("CANCELLED");
  });

  test("what the memo says survives a roll", async () => {
    await world.model.script("hm-b", [{ when: { anyUser: "^hm-b" }, reply: { text: "Hi." } }]);
    const supervisor = await world.start();
    const handle = world.bosun.client.workflow.getHandle(supervisor.id);
    const first = (await handle.describe()).runId;
    await supervisor.ask("hm-b");
    const shown = await until("the next run, shown", async () => {
      const { runId } = await handle.describe();
      const { status, turn } = await supervisor.status();
      return runId !== first && status === "idle" && { status, turn };
    });
    expect(shown).toEqual({ status: "idle", turn: 1 });
    await supervisor.end();
  });

  test("a step too large to carry goes on from a digest instead of ending the run", async () => {
    await writeFile(`${world.workspace}/big.txt`, "0123456789abcde\n".repeat(950));
    const read = { name: "read_file", input: { path: "big.txt", limit: 2_000 } };
    await world.model.script("hm-c", [
      {
        when: { lastUser: "^hm-c" },
        reply: { toolCalls: Array.from({ length: 140 }, () => read) },
      },
      { when: { system: "^# supervisor", anyUser: "hm-c" }, reply: { text: "All read." } },
    ]);
    const supervisor = await world.start("hm-c");
    await untilReply(supervisor, "All read");
    await supervisor.end();
    expect(await closed(world, supervisor.id)).toBe("COMPLETED");
  });

  test("a parked agent rolls too, and says once why it waits", async () => {
    await world.model.script("hm-d", [
      ...delegating("hm-d"),
      { when: { system: "^# researcher", anyUser: "hm-d part" }, reply: { text: "Back." } },
    ]);
    await world.model.fault({
      fault: { type: "overloaded" },
      times: 6,
      when: { system: "^# researcher", anyUser: "hm-d part" },
    });
    const supervisor = await world.start("go hm-d");
    const [task] = await untilTasks(supervisor, 1);
    await world.bosun.task(task!.taskId).ended();
    const { entries } = await supervisor.feed();
    const waits = entries.filter(
      ({ event }) => event.type === "task" && event.phase.status === "waiting",
    );
    expect(waits).toHaveLength(1);
    await supervisor.end();
  });
});

test("a cancellation in the moment of a roll is not swallowed by it", async () => {
  const world = await openWorld({ workers: false, env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  try {
    await world.startWorkers({ BOSUN_ROLES: "models,tools" });
    const before = await world.startWorkers({ BOSUN_ROLES: "workflows" });
    await world.model.script("hm-e", [
      { when: { lastUser: "^hm-e" }, reply: { text: "Hi.", until: "hm-e" } },
    ]);
    const supervisor = await world.start("hm-e");
    await until("the model call", async () => (await world.model.journal("hm-e")).length > 0);
    before.stop();
    await before.done;
    await world.model.release("hm-e");
    const handle = world.bosun.client.workflow.getHandle(supervisor.id);
    await until("the answer recorded", async () => {
      const { raw } = await handle.describe();
      return !raw.pendingActivities?.length;
    });
    await handle.cancel();
    await world.startWorkers({ BOSUN_ROLES: "workflows" });
    expect(await closed(world, supervisor.id)).toBe("CANCELLED");
  } finally {
    await world.close();
  }
});

test("a cancelled task has stopped: a write under way is waited for", async () => {
  const world = await openWorld({ workers: false });
  const connection = await NativeConnection.connect({ address: inject("address") });
  await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
  let written = 0;
  let begun = 0;
  let broken = 0;
  const gate = new AbortController();
  // A host whose tools take their time: reads until they are cancelled, writes until they may end.
  const slow = await openSlowHost(connection, world, {
    read: async () => {
      await Context.current()
        .sleep(60_000)
        .finally(() => (broken += 1));
    },
    write: async () => {
      begun += 1;
      await once(gate.signal, "abort");
      written += 1;
    },
  });
  try {
    await world.model.script("hm-f", [
      ...delegating("hm-f", 1, "writer"),
      {
        when: { system: "^# writer", anyUser: "hm-f part" },
        reply: {
          toolCalls: [
            { name: "read_file", input: { path: "README.md" } },
            { name: "write_file", input: { path: "artifacts/x.md", content: "x" } },
          ],
        },
      },
    ]);
    const { supervisor } = await world.bosun.start({
      workspace: world.workspace,
      message: "go hm-f",
    });
    const [task] = await untilTasks(supervisor, 1);
    await until("a write under way", async () => begun === 1);
    await world.bosun.task(task!.taskId).cancel("enough");
    await until("the read broken off", async () => broken === 1);
    expect((await world.bosun.task(task!.taskId).view()).endedAt).toBe(null);
    gate.abort();
    const ended = await world.bosun.task(task!.taskId).ended();
    expect(ended.status).toBe("cancelled");
    expect(written).toBe(1);
    await supervisor.end();
  } finally {
    gate.abort();
    await slow.close();
    await connection.close();
    await world.close();
  }
}, 60_000);

/** Takes the tool calls of a world's host away from its own worker. */
async function openSlowHost(
  connection: NativeConnection,
  world: World,
  { read, write }: { readonly read: () => Promise<void>; readonly write: () => Promise<void> },
) {
  const host = `host-${world.installation}`;
  const builtinDir = fileURLToPath(new URL("../../agents", import.meta.url));
  const real = createHostActivities({ dir: `${world.dir}/.bosun`, host, builtinDir });
  const worker = await Worker.create({
    connection,
    taskQueue: toHostQueue(world.installation, host),
    maxHeartbeatThrottleInterval: "1s",
    activities: {
      ...real,
      async runTool({ name }: { readonly name: string }) {
        const beat = setInterval(() => Context.current().heartbeat(), 200);
        try {
          await (name === "write_file" ? write() : read());
          return { text: "done", isError: false, artifacts: [] };
        } finally {
          clearInterval(beat);
        }
      },
    },
  });
  const running = worker.run();
  return {
    close: async () => {
      worker.shutdown();
      await running;
    },
  };
}

describe("in a quick world", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { BOSUN_MODEL_SLOTS: "60" } });
  });
  afterAll(() => world.close());

  test("a note in the closing moment is answered, or told as unseen", async () => {
    const tasks = 4;
    await world.model.script("hm-g", [
      ...delegating("hm-g", tasks),
      { when: { system: "^# researcher", anyUser: "hm-g part" }, reply: { text: "Done." } },
    ]);
    await world.model.fault({
      fault: { type: "overloaded" },
      times: 10_000,
      when: { system: "^# researcher", anyUser: "hm-g part" },
    });
    const supervisor = await world.start("go hm-g");
    const waiting = await until("tasks that wait for the model", async () => {
      const all = await supervisor.tasks();
      return all.length === tasks && all.every((task) => task.status === "waiting") && all;
    });
    await world.model.clearFaults();
    const sent = await Promise.all(
      waiting.map(async ({ taskId }) => {
        const handle = world.bosun.client.workflow.getHandle(taskId);
        const accepted: string[] = [];
        // As many as it takes, until the workflow has closed.
        for (let index = 0; index < 200; index += 1) {
          const noteId = `${taskId}-${index}`;
          const note = { noteId, message: "more", when: "next_step", from: "person" };
          const isOpen = await handle.signal("update_async_task", note).then(
            () => true,
            () => false,
          );
          if (!isOpen) break;
          accepted.push(noteId);
          if (index > 2) await new Promise((resolve) => setTimeout(resolve, 100));
          if ((await handle.describe()).status.name !== "RUNNING") break;
          if (index === 5) break;
        }
        return { taskId, accepted };
      }),
    );
    for (const { taskId, accepted } of sent) {
      const { result } = await world.bosun.task(taskId).ended();
      const said = JSON.stringify((await world.bosun.task(taskId).transcript()).messages);
      const lost = accepted.filter(
        (id) => !said.includes(`[note ${id} `) && !result?.unseen.includes(id),
      );
      expect(lost).toEqual([]);
    }
    await supervisor.end();
  });

  test("every receipt of many notes reaches the board", async () => {
    await world.model.script("hm-h", [
      ...delegating("hm-h"),
      {
        when: { system: "^# researcher", anyUser: "hm-h part", assistantTurns: 0 },
        reply: { toolCalls: [{ name: "list_files" }], until: "hm-h" },
      },
      { when: { system: "^# researcher", anyUser: "hm-h part" }, reply: { text: "Done." } },
    ]);
    const supervisor = await world.start("go hm-h");
    const [task] = await untilTasks(supervisor, 1);
    for (let index = 0; index < 10; index += 1)
      await world.bosun.task(task!.taskId).steer(`note ${index}`);
    await world.model.release("hm-h");
    await world.bosun.task(task!.taskId).ended();
    const receipts = await until("ten receipts", async () => {
      const { entries } = await supervisor.feed();
      const found = entries.filter(({ event }) => event.type === "receipt");
      return found.length === 10 && found;
    });
    expect(
      new Set(receipts.map(({ event }) => event.type === "receipt" && event.receipt.noteId)).size,
    ).toBe(10);
    await supervisor.end();
  });

  test("an end is told although the turn it came in failed", async () => {
    await world.model.script("hm-i", [
      ...delegating("hm-i").slice(0, 1),
      {
        when: { system: "^# supervisor", anyUser: "^go hm-i", lastUser: "task_ended" },
        reply: { text: "Told." },
      },
      {
        when: { system: "^# supervisor", anyUser: "^go hm-i", lastUser: "^refuse" },
        reply: { text: "No.", until: "hm-i refused" },
      },
      { when: { system: "^# supervisor", anyUser: "^go hm-i" }, reply: { text: "Heard." } },
      {
        when: { system: "^# researcher", anyUser: "hm-i part" },
        reply: { text: "Done.", until: "hm-i done" },
      },
    ]);
    await world.model.fault({
      fault: { type: "refusal", category: "cyber" },
      when: { lastUser: "^refuse hm-i" },
    });
    const supervisor = await world.start("go hm-i");
    await untilReply(supervisor, "Heard");
    const asked = supervisor.ask("refuse hm-i");
    await until("the call", async () => (await world.model.journal("refuse hm-i")).length > 0);
    await world.model.release("hm-i done");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.phase.status === "completed",
    );
    await world.model.release("hm-i refused");
    expect(await asked).toMatch(/declined/);
    await untilReply(supervisor, "Told");
    await supervisor.end();
  });

  test("a task that a note takes out of its waiting is shown as running again", async () => {
    await world.model.script("hm-j", [
      ...delegating("hm-j"),
      {
        when: { system: "^# researcher", anyUser: "hm-j part", assistantTurns: 0 },
        reply: { toolCalls: [{ name: "list_files" }] },
      },
      {
        when: { system: "^# researcher", anyUser: "hm-j part" },
        reply: { text: "Done.", until: "hm-j" },
      },
    ]);
    await world.model.fault({
      fault: { type: "spend_limit" },
      when: { system: "^# researcher", anyUser: "hm-j part" },
    });
    const supervisor = await world.start("go hm-j");
    const [task] = await untilTasks(supervisor, 1);
    const handle = world.bosun.task(task!.taskId);
    await until("a waiting task", async () => (await handle.view()).status === "waiting");
    await handle.steer("go on");
    await until("a running task", async () => {
      const { status, turn } = await handle.view();
      return status === "running" && turn === 1;
    });
    await world.model.release("hm-j");
    expect((await handle.ended()).status).toBe("completed");
    await supervisor.end();
  });

  test("resume reaches the tasks that wait", async () => {
    await world.model.script("hm-k", [
      ...delegating("hm-k"),
      { when: { system: "^# researcher", anyUser: "hm-k part" }, reply: { text: "Paid." } },
    ]);
    await world.model.fault({
      fault: { type: "spend_limit" },
      when: { system: "^# researcher", anyUser: "hm-k part" },
    });
    const supervisor = await world.start("go hm-k");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.phase.status === "waiting",
    );
    await supervisor.resume();
    const [task] = await untilTasks(supervisor, 1);
    expect((await world.bosun.task(task!.taskId).ended()).status).toBe("completed");
    await supervisor.end();
  });

  test.each([
    ["send_message without an argument", "send_message", []],
    ["send_message with a bare text", "send_message", ["hi"]],
    ["send_message with blanks", "send_message", [{ id: "x", text: "  ", from: "p" }]],
    ["task_event without an argument", "task_event", []],
  ])("a malformed signal is left, and said: %s", async (_, name, args) => {
    await world.model.script("hm-l", [{ when: { lastUser: "^hm-l" }, reply: { text: "Fine." } }]);
    const supervisor = await world.start();
    await world.bosun.client.workflow.getHandle(supervisor.id).signal(name, ...args);
    expect(await supervisor.ask("hm-l")).toBe("Fine.");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "trouble" && event.text.includes(name),
    );
    await supervisor.end();
  });

  test("a long message that meets a rebuild is read whole", async () => {
    await world.model.script("hm-m", [
      { when: { lastUser: "hm-m .*the end of it" }, reply: { text: "Read to the end." } },
    ]);
    await world.model.fault({ fault: { type: "too_large" }, when: { anyUser: "^hm-m" } });
    const supervisor = await world.start();
    const message = `hm-m ${"long ".repeat(2_500)} the end of it`;
    expect(await supervisor.ask(message)).toBe("Read to the end.");
    await supervisor.end();
  });
});

test("a supervisor ends although the host of its tools is away", async () => {
  const world = await openWorld({ workers: false, env: { BOSUN_HOST_START_MS: "2000" } });
  try {
    await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
    const supervisor = await world.start("hm-n");
    await until(
      "a supervisor that waits",
      async () => (await supervisor.status()).status === "waiting",
    );
    await supervisor.end();
    expect(await closed(world, supervisor.id)).toBe("COMPLETED");
  } finally {
    await world.close();
  }
});
