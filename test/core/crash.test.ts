// Worker processes that die, and what is repeated after them.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, until, untilReply, type World } from "../support/world.ts";
import type { JournalEntry } from "../support/scripted-model.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tasks = 6;
const turns = 6;

let world: World;
const workers: ChildProcess[] = [];
beforeAll(async () => {
  // Until the calls of a killed worker are made again.
  world = await openWorld({ workers: false, env: { BOSUN_MODEL_HEARTBEAT_MS: "5000" } });
});
afterAll(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await world.close();
});

async function spawnWorker(): Promise<ChildProcess> {
  const worker = spawn(process.execPath, ["--import", "tsx", "workers/main.ts"], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...world.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  workers.push(worker);
  await once(worker.stdout, "data");
  return worker;
}

/** Calls that were made twice: the same request, first and second time. */
function repeats(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const seen = new Map<string, JournalEntry>();
  return entries.flatMap((entry) => {
    const key = JSON.stringify(entry.request.messages);
    const first = seen.get(key);
    if (!first) seen.set(key, entry);
    return first ? [first] : [];
  });
}

/** Everything activities have returned, as text. */
async function recorded(taskIds: readonly string[]): Promise<string> {
  const histories = await Promise.all(
    taskIds.map((id) => world.bosun.client.workflow.getHandle(id).fetchHistory()),
  );
  return histories
    .flatMap((history) => history.events ?? [])
    .flatMap((event) => event.activityTaskCompletedEventAttributes?.result?.payloads ?? [])
    .map((payload) => Buffer.from(payload.data ?? []).toString())
    .join("\n");
}

test("a worker killed in the middle is replaced: every task completes, and no recorded model call is made again", async () => {
  await world.model.script("crash", [
    {
      when: { lastUser: "^go crash" },
      reply: {
        toolCalls: Array.from({ length: tasks }, (_, index) => ({
          name: "start_async_task",
          input: { description: `crash part ${index}`, subagent_type: "researcher" },
        })),
      },
    },
    { when: { system: "^# supervisor", anyUser: "go crash" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "crash part", maxAssistantTurns: turns - 2 },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 300 },
    },
    {
      when: { system: "^# researcher", anyUser: "crash part" },
      reply: { text: "Done.", delayMs: 300 },
    },
  ]);
  const first = await spawnWorker();
  const supervisor = await world.start("go crash");
  await untilReply(supervisor, "Heard");
  await until(
    "work in the middle",
    async () => (await world.model.journal("crash part")).length > tasks * 3,
  );
  first.kill("SIGKILL");
  await once(first, "exit");
  await spawnWorker();
  const ids = await until("every task completed", async () => {
    const all = await supervisor.tasks();
    const done = all.length === tasks && all.every((task) => task.status === "completed");
    return done && all.map((task) => task.taskId);
  });
  const calls = (await world.model.journal("crash part")).filter(({ request }) =>
    JSON.stringify(request.system).includes("# researcher"),
  );
  const twice = repeats(calls);
  expect(calls.length - twice.length).toBe(tasks * turns);
  // One call of a task is in flight at a time, so one of each may be lost with the worker.
  expect(twice.length).toBeLessThanOrEqual(tasks);
  const history = await recorded(ids);
  for (const { outcome } of twice) expect(history).not.toContain(outcome["messageId"] ?? "no id");
  await supervisor.end();
}, 90_000);

test("what is sent while no worker runs is stored, and answered when one does", async () => {
  const quiet = await openWorld({ workers: false });
  try {
    await quiet.model.script("stored", [
      { when: { lastUser: "^stored-1" }, reply: { text: "Found it." } },
    ]);
    const supervisor = await quiet.start();
    expect(await supervisor.send("stored-1")).toMatchObject({ stored: "signalled" });
    await quiet.startWorkers();
    await untilReply(supervisor, "Found it");
    expect(await quiet.model.journal("stored-1")).toHaveLength(1);
  } finally {
    await quiet.close();
  }
});
