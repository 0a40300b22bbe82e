// The news that the model answers again, up and down the tree.
import { getExternalWorkflowHandle, patched, sleep } from "@temporalio/workflow";
import { resumeSignal } from "../../protocol/messages.ts";
import type { TaskPhase, WaitingReason } from "../../protocol/task.ts";
import { type Agent, send } from "../agent/agent.ts";
import { report } from "../tasks/parent.ts";
import { openTasks, workflowOf } from "../tasks/board.ts";

/** Agents begun before this told all of their tasks at once, and nobody else. */
const staggered = "staggered-resume";

/** How many tasks are told in a second. */
const batchSize = 5;

/** Waiting for its own tasks counts: one of them may be what waits for the model. */
const mayWaitForModel: ReadonlySet<WaitingReason> = new Set(["model", "quota", "tasks"]);

export function waitsForModel(phase: TaskPhase): boolean {
  if (phase.status !== "waiting") return false;
  return phase.waitingOn.includes("model") || phase.waitingOn.includes("quota");
}

/** Somebody wants everything tried that waits here, however lately it was. */
export function passRequest(agent: Agent): void {
  agent.run.told.clear();
  passResume(agent);
}

/** Tells tasks that wait for the model to try at once: a few a second, so that no storm begins. */
export function passResume(agent: Agent): void {
  if (agent.run.passing || untold(agent).length === 0) return;
  if (!patched(staggered)) return passAtOnce(agent);
  agent.run.passing = true;
  // What a roll leaves untold finds out with its own next probe.
  void passOn(agent)
    .catch(() => undefined)
    .finally(() => {
      agent.run.passing = false;
    });
}

/** Each task once, so that one piece of news comes to an end while the trouble goes on. */
async function passOn(agent: Agent): Promise<void> {
  const told = new Set<string>();
  for (;;) {
    const batch = untold(agent)
      .filter((taskId) => !told.has(taskId))
      .slice(0, batchSize);
    if (batch.length === 0 || agent.state.ending) return;
    for (const taskId of batch) {
      told.add(taskId);
      agent.run.told.set(taskId, Date.now());
      void send(agent, getExternalWorkflowHandle(taskId).signal(resumeSignal, { only: "model" }));
    }
    await sleep(1_000, { summary: "before more tasks are told" });
  }
}

function passAtOnce(agent: Agent): void {
  for (const task of openTasks(agent.state.board)) {
    if (!waitsForModel(task.phase)) continue;
    void send(
      agent,
      getExternalWorkflowHandle(workflowOf(task)).signal(resumeSignal, { only: "model" }),
    );
  }
}

/** A person was answered, so what waits here may try. */
export function passAnswer(agent: Agent): void {
  if (untold(agent).length > 0 && patched(staggered)) passResume(agent);
}

/** The model answered a task, or one below it: this agent, its other tasks and its parent may try. */
export function takeRecovery(agent: Agent, from: string): void {
  if (!patched(staggered)) return;
  agent.run.told.set(from, Date.now());
  agent.run.probes += 1;
  const { parentId } = agent;
  if (parentId !== null && !wasTold(agent, parentId)) {
    agent.run.told.set(parentId, Date.now());
    report(agent, { type: "recovered" });
  }
  passResume(agent);
}

function untold(agent: Agent): readonly string[] {
  return openTasks(agent.state.board)
    .filter(({ phase }) => phase.status === "waiting")
    .filter(({ phase }) => "waitingOn" in phase && phase.waitingOn.some(isReason))
    .map(workflowOf)
    .filter((workflowId) => !wasTold(agent, workflowId));
}

const isReason = (reason: WaitingReason): boolean => mayWaitForModel.has(reason);

/** Within the time of its own probes nobody is told twice. */
function wasTold({ run, settings }: Agent, id: string): boolean {
  const at = run.told.get(id);
  return at !== undefined && Date.now() - at < settings.limits.probeMaxMs;
}
