// New code while supervisors and tasks run.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkflowHandle } from "@temporalio/client";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import {
  type Env,
  parseEnvironment,
  SettingsError,
  toSettings,
} from "../../protocol/environment.ts";
import { toQueues, toSupervisorId } from "../../protocol/ids.ts";
import { isEnded } from "../../protocol/task.ts";
import {
  type Snapshot,
  type SubagentInput,
  type Supervisor,
  type SupervisorInput,
  workflowTypes,
} from "../../protocol/workflows.ts";
import { type RunningWorkers, startWorkers } from "../../workers/worker.ts";
import { bundleWorkflows, workflowEntries } from "../../workers/workflow-bundle.ts";
import { bundleWithout, bundleWithStep } from "../support/changed-workflows.ts";
import { untilAll } from "../support/lead-agent.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

const saved = fileURLToPath(new URL("../histories/", import.meta.url));
const rolledTask = "subagent-that-rolls";
const readHistory = (name: string): unknown =>
  JSON.parse(readFileSync(`${saved}${name}.json`, "utf8"));

/** Workers of a world, with a bundle and settings of their own. */
function serve(world: World, code: string, env = {}): Promise<RunningWorkers> {
  return startWorkers({
    environment: parseEnvironment({ ...world.env, ...env }),
    connection: { address: inject("address") },
    namespace: "default",
    installation: world.installation,
    host: world.env["BOSUN_HOST"] ?? "",
    dir: world.env["BOSUN_DIR"] ?? "",
    workflowBundle: { code },
  });
}

async function stop(workers: RunningWorkers): Promise<void> {
  workers.stop();
  await workers.done;
}

/**
 * A supervisor that hands out tasks of some turns each, the fourth of which is held until `mark` is released.
 * `mark` keeps the script to itself, too.
 */
const delegation = (mark: string, tasks: number, turns: number) => [
  {
    when: { system: "^# supervisor", lastUser: `^go ${mark}` },
    reply: {
      toolCalls: Array.from({ length: tasks }, (_, index) => ({
        name: "start_async_task",
        input: { description: `${mark}-task ${index}`, subagent_type: "researcher" },
      })),
    },
  },
  { when: { system: "^# supervisor", lastUser: `^hello ${mark}` }, reply: { text: "Still here." } },
  { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
  {
    when: { system: "^# researcher", anyUser: `${mark}-task`, assistantTurns: 3 },
    reply: { toolCalls: [{ name: "list_files" }], until: mark },
  },
  {
    when: { system: "^# researcher", anyUser: `${mark}-task`, maxAssistantTurns: turns - 2 },
    reply: { toolCalls: [{ name: "list_files" }] },
  },
  { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: { text: "Done." } },
];

/** What version 0.1 did not ask of a new task's memo. */
const readsFirstState = `const state = workflowInfo().memo?.[memoKeys.state] as StateMemo | undefined;
  if (!state) `;

/** As a client of version 0.1 does. */
async function startAsBefore(world: World, text: string): Promise<SupervisorHandle> {
  const { installation, bosun } = world;
  const server = { installation, searchAttributes: false };
  const { prices: _, ...settings } = toSettings(parseEnvironment(world.env), server);
  const workspace = { host: world.env["BOSUN_HOST"] ?? "", path: world.workspace };
  const messages = [{ id: randomUUID(), text, from: "person" }];
  const workflowId = toSupervisorId(randomUUID());
  await bosun.client.workflow.start<Supervisor>(workflowTypes.supervisor, {
    taskQueue: toQueues(installation).workflows,
    workflowId,
    args: [{ agent: "supervisor", workspace, messages, settings }],
  });
  return bosun.supervisor(workflowId);
}

/** A decision that earlier versions did not take. */
const step = "upsertMemo({ later: true });";

async function replayWith(code: string): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: { code } }, readHistory(rolledTask));
}

describe("a rolling restart", () => {
  let world: World;
  let changed: string;
  let unmarked: string;
  let older: string;
  beforeAll(async () => {
    world = await openWorld({ workers: false, env: { BOSUN_GRACE_MS: "10000" } });
    changed = await bundleWithStep(`if (patched("test-step")) ${step}`);
    unmarked = await bundleWithStep(step);
    older = await bundleWithout("agent/agent.ts", readsFirstState);
  });
  afterAll(() => world.close());

  const tasks = 3;
  const turns = 6;

  test("a decision added behind patched() reaches what runs: everything completes, nothing is done twice", async () => {
    await world.model.script("later", delegation("later", tasks, turns));
    const first = await serve(world, inject("bundle"));
    const supervisor = await world.start("go later");
    await untilReply(supervisor, "Heard");
    const calls = async () =>
      (await world.model.journal("later-task")).filter(({ request }) =>
        JSON.stringify(request.system).includes("# researcher"),
      );
    await until("work in the middle", async () => (await calls()).length === tasks * 4);
    // What is under way ends within the grace.
    const stopped = stop(first);
    await world.model.release("later");
    await stopped;
    expect((await calls()).length).toBeLessThan(tasks * turns);
    const second = await serve(world, changed);
    await supervisor.send("hello later");
    await untilReply(supervisor, "Still here");
    const ended = await until("every task completed", async () => {
      const all = await supervisor.tasks();
      return all.length === tasks && all.every((task) => task.status === "completed") && all;
    });
    const asked = (await calls()).map(({ request }) => JSON.stringify(request.messages));
    expect(asked).toHaveLength(tasks * turns);
    expect(new Set(asked).size).toBe(tasks * turns);
    for (const { taskId } of ended) {
      const handle = world.bosun.client.workflow.getHandle(taskId);
      const history = await handle.fetchHistory();
      expect(history.events?.some((event) => event.markerRecordedEventAttributes)).toBe(true);
      const replay = Worker.runReplayHistory({ workflowBundle: { code: changed } }, history);
      await expect(replay).resolves.toBeUndefined();
    }
    await supervisor.end();
    await stop(second);
  }, 60_000);

  test("a task that an older worker begins for a supervisor of before can be gone on with", async () => {
    await world.model.script("both", delegation("both", 1, turns));
    const first = await serve(world, older);
    const supervisor = await startAsBefore(world, "go both");
    const isHeld = async () =>
      (await world.model.journal("both-task")).some(({ request }) => request.messages.length === 7);
    await until("its fourth call", isHeld);
    const stopped = stop(first);
    await world.model.release("both");
    await stopped;
    const second = await serve(world, inject("bundle"));
    const task = await until("its end", async () =>
      (await supervisor.tasks()).find(({ endedAt }) => endedAt !== null),
    );
    expect(task).toMatchObject({ status: "completed", turn: turns });
    await supervisor.end();
    await stop(second);
  }, 60_000);

  test("the same decision without patched() is caught by the replay of a saved history", async () => {
    const caught = { name: "DeterminismViolationError" };
    await expect(replayWith(unmarked)).rejects.toMatchObject(caught);
    await expect(replayWith(changed)).resolves.toBeUndefined();
  });
});

type OldInput = (SupervisorInput | SubagentInput) & { readonly snapshot: Snapshot };

/** What a run of the saved history handed to the next one. */
function handedOver(name: string): OldInput {
  const history = readHistory(name) as { events: readonly Record<string, unknown>[] };
  const [end] = history.events.flatMap(
    (event) => event["workflowExecutionContinuedAsNewEventAttributes"] ?? [],
  ) as { input: { payloads: readonly { data: string }[] } }[];
  const data = end?.input.payloads[0]?.data ?? "";
  return JSON.parse(Buffer.from(data, "base64").toString()) as OldInput;
}

describe("a snapshot of version 0.1", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  /** Starts a workflow with it, here: in this world's queues and workspace. */
  async function openHere(
    type: "supervisor" | "subagent",
    input: OldInput,
    change: (snapshot: Record<string, unknown>) => void = () => undefined,
  ): Promise<WorkflowHandle> {
    const { installation, host } = {
      installation: world.installation,
      host: world.env["BOSUN_HOST"],
    };
    const workspace = { writable: true, git: false, host, path: world.workspace };
    const snapshot: Record<string, unknown> = { ...input.snapshot, workspace };
    change(snapshot);
    return await world.bosun.client.workflow.start(type, {
      taskQueue: toQueues(installation).workflows,
      workflowId: `${type}-${randomUUID().slice(0, 12)}`,
      args: [
        {
          ...input,
          workspace,
          settings: { ...input.settings, installation, searchAttributes: false },
          snapshot,
        },
      ],
    });
  }

  test("a task goes on from it to its end", async () => {
    const input = handedOver(rolledTask);
    await world.model.script("opened task", [
      {
        when: { system: "^# writer", anyUser: firstWords(input.snapshot) },
        reply: { text: "Went on." },
      },
    ]);
    const handle = await openHere("subagent", input);
    expect(await handle.result()).toMatchObject({ status: "completed", summary: "Went on." });
  });

  test("a supervisor goes on from it, and learns what became of its tasks", async () => {
    const input = handedOver("supervisor-that-delegates-and-rolls");
    await world.model.script("opened supervisor", [
      { when: { system: "^# supervisor", lastUser: "^hello opened" }, reply: { text: "Opened." } },
      {
        when: { system: "^# supervisor", anyUser: firstWords(input.snapshot) },
        reply: { text: "Going on." },
      },
    ]);
    const handle = await openHere("supervisor", input);
    const supervisor = world.bosun.supervisor(handle.workflowId);
    await supervisor.send("hello opened");
    await untilReply(supervisor, "Opened");
    const lost = await until("every task of the board ended", async () => {
      const { messages } = await supervisor.transcript();
      const told = JSON.stringify(messages).match(/<bosun-event type=..task_ended/g);
      return (told?.length ?? 0) >= 4 && messages;
    });
    expect(JSON.stringify(lost)).toContain("lost");
    await supervisor.end();
    await handle.result();
  });

  test("fields that it lacks are as in a new agent", async () => {
    const input = handedOver(rolledTask);
    await world.model.script("lacking", [
      {
        when: { system: "^# writer", anyUser: firstWords(input.snapshot) },
        reply: { text: "Went on." },
      },
    ]);
    const handle = await openHere("subagent", input, (snapshot) => {
      for (const name of [
        "inDoubt",
        "artifacts",
        "feed",
        "knownIds",
        "parked",
        "findings",
        "heard",
      ])
        delete snapshot[name];
      expect(Object.keys(snapshot)).not.toContain("watch");
    });
    const left = { summary: "Went on.", inDoubt: [], artifacts: [] };
    expect(await handle.result()).toMatchObject(left);
  });

  test("one of an unknown shape is not opened: the workflow says so and waits, whole", async () => {
    const handle = await openHere("subagent", handedOver(rolledTask), (snapshot) => {
      snapshot["version"] = 2;
    });
    const message = await until("a failed workflow task", async () => {
      const { events } = await handle.fetchHistory();
      return events?.find((event) => event.workflowTaskFailedEventAttributes)
        ?.workflowTaskFailedEventAttributes?.failure?.message;
    });
    expect(message).toMatch(
      /shape 2, and this worker reads shape 1\. Start a worker of the version/,
    );
    expect((await handle.describe()).status.name).toBe("RUNNING");
    await handle.terminate();
  });
});

function firstWords(snapshot: Snapshot): string {
  const { messages } = snapshot["generation"] as {
    messages: readonly { content: readonly { text?: string }[] }[];
  };
  const words = messages[0]?.content[0]?.text?.slice(0, 40) ?? "";
  return words.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

test("a conversation is saved for the replay with one command, and names no place", async () => {
  const world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "2" } });
  const folder = join(world.dir, "histories");
  try {
    await world.model.script("saved", delegation("saved", 1, 3));
    const supervisor = await world.start("go saved");
    await untilFeed(supervisor, ({ event }) => event.type === "task" && isEnded(event.phase));
    await supervisor.end();
    const { client } = world.bosun;
    await client.workflow.getHandle(supervisor.id).result();
    const query = `RootWorkflowId = '${supervisor.id}' AND ExecutionStatus != 'Running'`;
    await until("four runs in the list", async () => {
      const { count } = await client.workflow.count(query);
      return count >= 4;
    });
    const script = fileURLToPath(new URL("../../scripts/save-histories.mjs", import.meta.url));
    const env = { ...process.env, TEMPORAL_ADDRESS: inject("address") };
    execFileSync(process.execPath, [script, supervisor.id, folder], { env, stdio: "pipe" });
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) {
      const text = readFileSync(join(folder, file), "utf8");
      const words = text.replaceAll(/"data": "([^"]+)"/g, (_, data: string) =>
        Buffer.from(data, "base64").toString(),
      );
      expect(words.includes("/tmp/sample")).toBe(true);
      const places = [world.installation, world.workspace, `@${hostname()}`];
      expect(places.filter((place) => words.includes(place))).toEqual([]);
      const replay = Worker.runReplayHistory(
        { workflowBundle: { code: inject("bundle") } },
        JSON.parse(text),
        supervisor.id,
      );
      await expect(replay).resolves.toBeUndefined();
    }
  } finally {
    await world.close();
  }
});

const alone = (env: Env) => () => parseEnvironment(env);

describe("workers with versions", () => {
  test("a deployment and a build id go together", () => {
    expect(parseEnvironment({}).deployment).toBeUndefined();
    const both = { BOSUN_DEPLOYMENT: "bosun", BOSUN_BUILD_ID: "2" };
    expect(parseEnvironment(both).deployment).toEqual({ name: "bosun", buildId: "2" });
    expect(alone({ BOSUN_DEPLOYMENT: "bosun" })).toThrow(SettingsError);
    expect(alone({ BOSUN_DEPLOYMENT: "bosun" })).toThrow(/BOSUN_BUILD_ID is not/);
    expect(alone({ BOSUN_BUILD_ID: "2" })).toThrow(/BOSUN_DEPLOYMENT is not/);
    expect(alone({ ...both, BOSUN_BUILD_ID: "a b" })).toThrow(/BOSUN_BUILD_ID is set to "a b"/);
  });

  let world: World;
  let code: string;
  beforeAll(async () => {
    world = await openWorld({ workers: false, env: { BOSUN_ROLL_AFTER_TURNS: "2" } });
    ({ code } = await bundleWorkflows(workflowEntries.versioned));
  });
  afterAll(() => world.close());

  const deployment = `bosun-${randomUUID().slice(0, 8)}`;
  const version = (buildId: string) =>
    serve(world, code, {
      BOSUN_ROLES: "workflows",
      BOSUN_DEPLOYMENT: deployment,
      BOSUN_BUILD_ID: buildId,
    });

  /** The command of docs/upgrades.md. It is refused until the server has seen the version's workers. */
  async function setCurrent(...which: readonly string[]): Promise<void> {
    const args = ["worker", "deployment", "set-current-version", "--deployment-name", deployment];
    await until("a current version", async () => {
      try {
        execFileSync(
          process.env["TEMPORAL_CLI"] ?? "temporal",
          [...args, ...which, "--yes", "--address", inject("address")],
          { stdio: "pipe" },
        );
        return true;
      } catch {
        return false;
      }
    });
  }

  /** The versions that worked on a workflow, over all its runs. */
  async function versionsOf(workflowId: string): Promise<readonly string[]> {
    const { client } = world.bosun;
    const found = new Set<string>();
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      for (const { workflowTaskCompletedEventAttributes: done } of history.events ?? [])
        if (done) found.add(done.deploymentVersion?.buildId ?? "none");
    }
    return [...found].toSorted();
  }

  test("a task ends on the version it began on, through rolls, and its supervisor moves to the new one", async () => {
    await world.model.script("pinned", delegation("pinned", 1, 7));
    const others = await serve(world, inject("bundle"), { BOSUN_ROLES: "models,tools" });
    const watch = await serve(world, inject("bundle"), { BOSUN_ROLES: "workflows" });
    const one = await version("1");
    await setCurrent("--build-id", "1");
    const supervisor = await world.start("go pinned");
    await untilReply(supervisor, "Heard");
    const two = await version("2");
    await setCurrent("--build-id", "2");
    await supervisor.send("hello pinned");
    await untilReply(supervisor, "Still here");
    const [task] = await untilAll(supervisor, "running", ({ status }) => status === "running");
    await world.model.release("pinned");
    await until("a supervisor that has moved", async () =>
      (await versionsOf(supervisor.id)).includes("2"),
    );
    await supervisor.send("go pinned");
    const tasks = await until("both tasks completed", async () => {
      const all = await supervisor.tasks();
      return all.length === 2 && all.every(({ status }) => status === "completed") && all;
    });
    expect(await versionsOf(task?.taskId ?? "")).toEqual(["1"]);
    const later = tasks.find(({ taskId }) => taskId !== task?.taskId);
    expect(await versionsOf(later?.taskId ?? "")).toEqual(["2"]);
    expect(await versionsOf(supervisor.id)).toEqual(["1", "2"]);
    // Back to workers without versions: the conversation goes on there.
    await setCurrent("--unversioned");
    await supervisor.send("hello pinned once more");
    await until("an answer without a version", async () =>
      (await versionsOf(supervisor.id)).includes("none"),
    );
    await supervisor.end();
    await Promise.all([others, watch, one, two].map(stop));
  }, 90_000);

  test("without the variables a workflow has no version", async () => {
    await world.model.script("plain", delegation("plain", 1, 2));
    const plain = await serve(world, inject("bundle"));
    const supervisor = await world.start("go plain");
    const [task] = await until("the end", async () => {
      const all = await supervisor.tasks();
      return all[0]?.status === "completed" && all;
    });
    for (const id of [supervisor.id, task?.taskId ?? ""]) {
      const versions = await until("its versions", async () => {
        const found = await versionsOf(id);
        return found.length > 0 && found;
      });
      expect(versions).toEqual(["none"]);
    }
    await supervisor.end();
    await stop(plain);
  });
});
