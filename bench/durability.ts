// How long work stands still when a process is killed.
import { parseArgs } from "node:util";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { limitDefaults } from "../protocol/settings.ts";
import { inspectAftermath, untilSettled } from "../test/faults/support/aftermath.ts";
import { type FaultWorld, openFaultWorld } from "../test/faults/support/fault-world.ts";
import type { Scene } from "../test/faults/support/scene.ts";
import { until } from "../test/faults/support/until.ts";
import type { JournalEntry, Rule } from "../test/support/scripted-model.ts";
import { bundleWorkflows } from "../workers/workflow-bundle.ts";

const { values } = parseArgs({ options: { tasks: { type: "string", default: "50" } } });
const tasks = Number(values.tasks);
const turns = 12;
const answerMs = 2_000;

/** All of them in a model call at once, with the heartbeats that are the default. */
const env = {
  BOSUN_MAX_RUNNING: String(tasks),
  BOSUN_MODEL_SLOTS: String(tasks),
  BOSUN_MODEL_HEARTBEAT_MS: String(limitDefaults.modelHeartbeatMs),
  BOSUN_TOOL_HEARTBEAT_MS: String(limitDefaults.toolHeartbeatMs),
  BOSUN_GRACE_MS: "30000",
};

const faults = {
  "SIGKILL of the worker, another one started at once": async (world: FaultWorld) => {
    await world.workers()[0]?.end("SIGKILL");
    return world.startWorker();
  },
  "SIGKILL of the server, started again at once": async (world: FaultWorld) => {
    await world.server.kill();
    return world.server.start();
  },
  "SIGKILL of both in the same moment": async (world: FaultWorld) => {
    await Promise.all([world.server.kill(), world.workers()[0]?.end("SIGKILL")]);
    await world.server.start();
    return world.startWorker();
  },
  "SIGTERM of the worker, another one started when it has ended": async (world: FaultWorld) => {
    await world.workers()[0]?.end("SIGTERM");
    return world.startWorker();
  },
  "the worker's network cut for a minute": async (world: FaultWorld) => {
    world.workerLink.set("cut");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    world.workerLink.set("open");
  },
};

// Its processes go with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
Runtime.install({ logger: new DefaultLogger("ERROR") });
const { code } = await bundleWorkflows();
for (const [name, bring] of Object.entries(faults)) {
  const world = await openFaultWorld({ env });
  try {
    console.log(`${name}, ${tasks} running tasks`);
    await measure(world, `bench-${tasks}`, bring);
  } finally {
    await world.close();
  }
}

async function measure(
  world: FaultWorld,
  mark: string,
  bring: (world: FaultWorld) => Promise<unknown>,
): Promise<void> {
  await world.startWorker();
  await world.model.script(mark, toRules(mark));
  const scene: Scene = { mark, supervisor: await world.start(`go ${mark}`) };
  await until("every task in its second turn", async () => {
    const all = await scene.supervisor.tasks();
    return all.length === tasks && all.every((task) => task.turn >= 1);
  });
  const killedAt = Date.now();
  const back = bring(world).then(() => Date.now());
  const ended = await untilSettled(scene, tasks);
  const { calls, askedAgain, wrong } = await inspectAftermath(world, scene, code);
  const resumed = firstCalls(await world.model.journal(mark), await back);
  const seconds = (at: number) => ((at - killedAt) / 1_000).toFixed(1);
  console.log(`  the process was back after ${seconds(await back)} s`);
  console.log(`  the first task went on after ${seconds(Math.min(...resumed))} s`);
  console.log(
    `  all ${resumed.length} that were not done went on after ${seconds(Math.max(...resumed))} s`,
  );
  console.log(
    `  completed: ${ended.filter((task) => task.status === "completed").length} of ${tasks}`,
  );
  console.log(`  model calls: ${calls}, asked again without a recorded answer: ${askedAgain}`);
  console.log(`  recorded calls made again, and whatever else does not hold: ${wrong.length}`);
  for (const line of wrong) console.log(`    ${line}`);
}

function toRules(mark: string): readonly Rule[] {
  const part = { system: "^# researcher", anyUser: `^${mark} part` };
  const toolCalls = Array.from({ length: tasks }, (_, index) => ({
    name: "start_async_task",
    input: { description: `${mark} part ${index}`, subagent_type: "researcher" },
  }));
  return [
    { when: { lastUser: `^go ${mark}$` }, reply: { toolCalls } },
    { when: { system: "^# supervisor", anyUser: `^go ${mark}$` }, reply: { text: "Heard." } },
    {
      when: { ...part, maxAssistantTurns: turns - 2 },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: answerMs },
    },
    { when: part, reply: { text: "Done.", delayMs: answerMs } },
  ];
}

/** When each task made its first model call after a moment. */
function firstCalls(journal: readonly JournalEntry[], after: number): readonly number[] {
  const first = new Map<string, number>();
  for (const { startedAt, request } of journal) {
    const at = Date.parse(startedAt);
    const who = JSON.stringify(request.messages[0]);
    const isTask = JSON.stringify(request.system).includes("# researcher");
    if (isTask && at > after && !first.has(who)) first.set(who, at);
  }
  return [...first.values()];
}
