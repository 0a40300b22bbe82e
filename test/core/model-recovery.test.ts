// How tasks that wait for the model go on.
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createProxy } from "node:net";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { type ScriptedModel, startScriptedModel } from "../../scripted-model/server.ts";
import { runBosun } from "../client/terminal.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
let model: ScriptedModel;
beforeAll(async () => {
  // Of its own: its faults are taken away again.
  model = await startScriptedModel();
  world = await open({});
});
afterAll(async () => {
  await world.close();
  await model.close();
});

/** A world on that model, with few attempts. */
const open = (env: Readonly<Record<string, string>>): Promise<World> =>
  openWorld({
    env: {
      ANTHROPIC_BASE_URL: model.url,
      BOSUN_MODEL_ATTEMPTS: "2",
      ...env,
    },
  });

/** Where a silent line is soon given up. */
const impatient = { BOSUN_MODEL_STALL_MS: "1000", BOSUN_MODEL_HEADERS_MS: "3000" };

const startTasks = (mark: string, count: number, agent = "researcher") =>
  Array.from({ length: count }, (_, number) => ({
    name: "start_async_task",
    input: { description: `${mark}-task-${number}: read`, subagent_type: agent },
  }));

/** A supervisor with tasks whose calls all go wrong until the faults are cleared. */
async function startParked(
  here: World,
  mark: string,
  fault: object,
  count = 1,
): Promise<SupervisorHandle> {
  await here.model.script(mark, [
    { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: startTasks(mark, count) } },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    { when: { anyUser: `${mark}-task` }, reply: { text: "Done." } },
  ]);
  await here.model.fault({ fault, times: 10_000, when: { anyUser: `${mark}-task` } });
  const supervisor = await here.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  await untilAll(supervisor, "waiting", count);
  return supervisor;
}

async function untilAll(supervisor: SupervisorHandle, status: string, count: number) {
  return await until(`${count} ${status}`, async () => {
    const tasks = await supervisor.tasks();
    return tasks.filter((task) => task.status === status).length === count && tasks;
  });
}

interface Metadata {
  readonly currentDetails?: string;
}

/** Where a person looks: the list as text and as JSON, and the panel of the Web UI. */
async function seen(here: World, supervisor: SupervisorHandle, taskId: string) {
  const place = { env: here.env, cwd: here.dir };
  const text = await runBosun(["tasks", supervisor.id], place);
  const json = await runBosun(["tasks", supervisor.id, "--json"], place);
  const { tasks } = json.json() as {
    tasks: readonly { taskId: string; why?: string; waitingOn: readonly string[] }[];
  };
  const handle = here.bosun.client.workflow.getHandle(taskId);
  const panel = await until(
    "the panel",
    async () =>
      (await handle.query<Metadata>("__temporal_workflow_metadata")).currentDetails ?? false,
  );
  return { text: text.out, task: tasks.find((task) => task.taskId === taskId), panel };
}

describe("a task waits, says why wherever one looks, and goes on by itself", () => {
  let strict: World;
  beforeAll(async () => {
    strict = await open(impatient);
  });
  afterAll(() => strict.close());

  test.each([
    [
      "429 with retry-after, again and again",
      { type: "rate_limit", retryAfterMs: 20 },
      /scripted fault/,
    ],
    ["529 beyond all retries", { type: "overloaded" }, /scripted fault/],
    ["a stream cut off", { type: "drop", afterBytes: 400 }, /The answer broke off/],
    ["a connection reset", { type: "reset" }, /could not be reached/],
    [
      "silence in the middle of the stream",
      { type: "silence", afterEvents: 2 },
      /sent nothing for/,
    ],
    ["no answer at all", { type: "no_answer" }, /could not be reached|sent nothing/],
    ["an event whose data is no JSON", { type: "broken_json" }, /The answer broke off/],
    [
      "500 with a body of 100 KB and a key in it",
      {
        type: "http",
        status: 500,
        errorType: "api_error",
        message: `sk-ant-secret-1 ${"x".repeat(100_000)}`,
      },
      /sk-ant-… x+…/,
    ],
  ])("%s", async (name, fault, why) => {
    const mark = `wait-${name.replaceAll(/\W+/g, "-")}`;
    const here = ["silence", "no_answer"].includes(fault.type) ? strict : world;
    const supervisor = await startParked(here, mark, fault);
    const [{ taskId } = { taskId: "" }] = await supervisor.tasks();
    const { text, task, panel } = await seen(here, supervisor, taskId);
    expect(text).toContain("waiting: model");
    expect(text).toMatch(/◌ .*\n +\S/);
    expect(task).toMatchObject({ waitingOn: ["model"], why: expect.stringMatching(why) as string });
    expect(Buffer.byteLength(task?.why ?? "")).toBeLessThanOrEqual(1_000);
    expect(JSON.stringify(task)).not.toContain("secret");
    expect(panel).toContain("waiting on model");
    expect(panel).toContain("tried again by itself");
    await here.model.clearFaults();
    await untilAll(supervisor, "completed", 1);
    await supervisor.end();
  });

  test("a refused connection: nobody listens at the address, until somebody does", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const alone = await openWorld({ env: { ANTHROPIC_BASE_URL: url, BOSUN_MODEL_ATTEMPTS: "2" } });
    try {
      const supervisor = await alone.start("go refused");
      await untilFeed(
        supervisor,
        ({ event }) => event.type === "trouble" && /ECONNREFUSED/.test(event.text),
      );
      await until("it waits", async () => (await supervisor.status()).status === "waiting");
      await world.model.script("refused", [
        { when: { anyUser: "go refused" }, reply: { text: "Here again." } },
      ]);
      // Somebody who knows what to say from the first moment on.
      const late = createProxy((socket) => {
        const there = connect(Number(new URL(model.url).port), "127.0.0.1");
        for (const end of [socket, there]) end.on("error", () => end.destroy());
        socket.pipe(there).pipe(socket);
      });
      late.listen(port, "127.0.0.1");
      try {
        expect(await untilReply(supervisor, "Here again|no rule")).toBe("Here again.");
        await supervisor.end();
      } finally {
        late.close();
      }
    } finally {
      await alone.close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("money: a task waits for quota until somebody says so", () => {
  test.each([
    ["a spend limit", { type: "spend_limit" }, /reached its spend limit.*Raise/],
    ["billing", { type: "billing" }, /billing stops this/],
  ])("%s", async (name, fault, why) => {
    const mark = `quota-${name.replaceAll(" ", "-")}`;
    const supervisor = await startParked(world, mark, fault);
    const [{ taskId } = { taskId: "" }] = await supervisor.tasks();
    const { text, task } = await seen(world, supervisor, taskId);
    expect(text).toContain("waiting: quota");
    expect(task?.why).toMatch(why);
    expect(task?.why).toContain("bosun resume");
    const asked = (await world.model.journal(`${mark}-task`)).length;
    await world.model.clearFaults();
    await runBosun(["resume", taskId], { env: world.env, cwd: world.dir });
    await untilAll(supervisor, "completed", 1);
    // The failed call, the one that was asked for, and the two of the supervisor that quote it.
    expect((await world.model.journal(`${mark}-task`)).length).toBeGreaterThan(asked);
    await supervisor.end();
  });
});

describe("what stays wrong fails the task, with the remedy", () => {
  test.each([
    ["a wrong key", { type: "authentication" }, "error", /ANTHROPIC_API_KEY/],
    ["no permission", { type: "permission" }, "error", /Use another key or model/],
    ["an unknown model", { type: "not_found" }, "error", /BOSUN_TASK_MODEL/],
    ["a refusal", { type: "refusal", category: "bio" }, "refusal", /declined to answer.*bio/],
    ["an unknown stop reason", { type: "stop_reason", value: "moonrise" }, "error", /moonrise/],
  ])("%s", async (name, fault, reason, words) => {
    const mark = `fails-${name.replaceAll(" ", "-")}`;
    await world.model.script(mark, [
      { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: startTasks(mark, 1) } },
      { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
      { when: { anyUser: `${mark}-task` }, reply: { text: "Done." } },
    ]);
    await world.model.fault({ fault, times: 9, when: { system: "^# researcher", anyUser: mark } });
    const supervisor = await world.start(`go ${mark}`);
    const [task] = await untilAll(supervisor, "failed", 1);
    expect(task).toMatchObject({ reason, result: { partial: true } });
    expect(task?.result?.notDone).toMatch(words);
    await world.model.clearFaults();
    expect(await supervisor.ask("still there?")).toBe("Heard.");
    await supervisor.end();
  });
});

const slow = { BOSUN_PROBE_MS: "600000", BOSUN_PROBE_MAX_MS: "600000" };

describe("without waiting for a probe", () => {
  test("`resume` of the supervisor reaches every task that waits", async () => {
    const here = await open(slow);
    try {
      const supervisor = await startParked(here, "resumed", { type: "overloaded" }, 7);
      await here.model.clearFaults();
      await supervisor.resume();
      expect(await untilAll(supervisor, "completed", 7)).toHaveLength(7);
      await supervisor.end();
    } finally {
      await here.close();
    }
  });

  test("an answer to a person reaches them too", async () => {
    const here = await open(slow);
    try {
      const supervisor = await startParked(here, "talked", { type: "overloaded" }, 2);
      await here.model.clearFaults();
      await supervisor.ask("are you there?");
      expect(await untilAll(supervisor, "completed", 2)).toHaveLength(2);
      await supervisor.end();
    } finally {
      await here.close();
    }
  });

  test("the first task that gets an answer wakes the others, through the whole tree", async () => {
    const here = await open(slow);
    try {
      await mkdir(join(here.workspace, ".claude", "agents"), { recursive: true });
      await writeFile(
        join(here.workspace, ".claude", "agents", "lead.md"),
        "---\nname: lead\ndescription: Leads.\ndelegate: true\n---\n# lead\n\nLead.\n",
      );
      const leads = startTasks("tree-lead", 2, "lead");
      await here.model.script("tree", [
        { when: { lastUser: "^go tree" }, reply: { toolCalls: leads } },
        { when: { system: "^# supervisor", anyUser: "go tree" }, reply: { text: "Heard." } },
        {
          when: { system: "^# lead", anyUser: "^tree-lead", assistantTurns: 0 },
          reply: { toolCalls: startTasks("tree-leaf", 2) },
        },
        { when: { system: "^# lead", anyUser: "^tree-lead" }, reply: { text: "Led." } },
        { when: { anyUser: "tree-leaf" }, reply: { text: "Done." } },
      ]);
      const fault = { type: "overloaded" };
      await here.model.fault({
        fault,
        times: 999,
        when: { system: "^# researcher", anyUser: "tree-leaf" },
      });
      const supervisor = await here.start("go tree");
      const tasks = await untilAll(supervisor, "waiting", 6);
      const leaf = tasks.find((task) => task.waitingOn.includes("model"));
      await here.model.clearFaults();
      await supervisor.task(leaf?.taskId ?? "").resume();
      expect(await untilAll(supervisor, "completed", 6)).toHaveLength(6);
      await supervisor.end();
    } finally {
      await here.close();
    }
  });

  test("a `resume` that comes while a try is under way counts for the next one", async () => {
    const here = await open({ ...slow, BOSUN_MODEL_STALL_MS: "2000" });
    try {
      const supervisor = await startParked(here, "early", { type: "overloaded" });
      const [{ taskId } = { taskId: "" }] = await supervisor.tasks();
      await here.model.clearFaults();
      const silence = { type: "silence", afterEvents: 1 };
      await here.model.fault({ fault: silence, when: { anyUser: "early-task" } });
      const before = (await here.model.journal("early-task")).length;
      await supervisor.task(taskId).resume();
      await until("the try", async () => (await here.model.journal("early-task")).length > before);
      await supervisor.task(taskId).resume();
      expect(await untilAll(supervisor, "completed", 1)).toHaveLength(1);
      await supervisor.end();
    } finally {
      await here.close();
    }
  });
});

test("a provider that asks for more time than a call has is not waited for in vain: the agent waits, and says so", async () => {
  const here = await open({ BOSUN_MODEL_TOTAL_MS: "20000", BOSUN_PROBE_MS: "1000" });
  try {
    await here.model.script("later", [
      { when: { anyUser: "go later" }, reply: { text: "Later." } },
    ]);
    const fault = { type: "rate_limit", retryAfter: 60 };
    await here.model.fault({ fault, times: 1, when: { anyUser: "go later" } });
    const supervisor = await here.start("go later");
    await untilFeed(supervisor, ({ event }) => event.type === "trouble");
    expect(await here.model.journal("go later")).toHaveLength(1);
    // Its next try would come after a minute, as asked for, not after the second of a probe.
    const { events } = await here.bosun.client.workflow.getHandle(supervisor.id).fetchHistory();
    const timers = (events ?? []).flatMap((event) => {
      const seconds = event.timerStartedEventAttributes?.startToFireTimeout?.seconds;
      return seconds ? [Number(seconds)] : [];
    });
    expect(timers.at(-1)).toBeGreaterThanOrEqual(60);
    await supervisor.resume();
    expect(await untilReply(supervisor, "Later")).toBe("Later.");
    await supervisor.end();
  } finally {
    await here.close();
  }
});

test("a probe that finds no slot is no news: nobody hears of it, and nothing was asked", async () => {
  const here = await open({
    BOSUN_PROBE_START_MS: "1000",
    BOSUN_PROBE_SLOTS: "1",
  });
  try {
    // The first probe that gets through takes the slot until the test lets it go.
    await here.model.script("crowd-held", [
      {
        when: { system: "^# researcher", anyUser: "crowd-task" },
        reply: { text: "Done.", until: "crowd" },
      },
    ]);
    const supervisor = await startParked(here, "crowd", { type: "overloaded" }, 3);
    const last = await until("all waits told", async () => {
      const { entries, last: newest } = await supervisor.feed();
      const told = entries.filter(
        ({ event }) => event.type === "task" && event.phase.status === "waiting",
      );
      return told.length === 3 && newest;
    });
    await here.model.clearFaults();
    const { client } = here.bosun;
    const missed = await until("a probe without a slot", async () => {
      for (const { taskId } of await supervisor.tasks()) {
        const { events } = await client.workflow.getHandle(taskId).fetchHistory();
        if (events?.some((event) => event.activityTaskTimedOutEventAttributes)) return taskId;
      }
      return false;
    });
    const task = (await supervisor.tasks()).find(({ taskId }) => taskId === missed);
    expect(task).toMatchObject({
      status: "waiting",
      waitingOn: ["model"],
      why: expect.stringContaining("scripted fault") as string,
    });
    expect((await supervisor.feed(last)).entries).toEqual([]);
    await here.model.release("crowd");
    await untilAll(supervisor, "completed", 3);
    await supervisor.end();
  } finally {
    await here.close();
  }
});

test("a models worker that is stopped in the middle of a call is no trouble of the model", async () => {
  const here = await open({
    BOSUN_MODEL_ATTEMPTS: "1",
    BOSUN_GRACE_MS: "0",
    BOSUN_ROLES: "workflows,tools",
  });
  try {
    await here.model.script("stopped", [
      { when: { anyUser: "go stopped" }, reply: { text: "Answered." } },
    ]);
    await here.model.fault({
      fault: { type: "silence", afterEvents: 1 },
      when: { anyUser: "go stopped" },
    });
    const first = await here.startWorkers({ BOSUN_ROLES: "models" });
    const supervisor = await here.start("go stopped");
    await until("the call", async () => (await here.model.journal("go stopped")).length > 0);
    first.stop();
    await first.done;
    await here.startWorkers({ BOSUN_ROLES: "models" });
    expect(await untilReply(supervisor, ".")).toBe("Answered.");
    const { entries } = await supervisor.feed();
    expect(JSON.stringify(entries)).toContain("The call is made again.");
    expect(JSON.stringify(entries)).not.toContain("bosun resume");
    await supervisor.end();
  } finally {
    await here.close();
  }
});
