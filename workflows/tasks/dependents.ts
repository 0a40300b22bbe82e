// What a task is told that waited for others.
import { getExternalWorkflowHandle } from "@temporalio/workflow";
import { type Begin, beginSignal } from "../../protocol/messages.ts";
import { cutText } from "../../protocol/text.ts";
import type { Agent } from "../agent/agent.ts";
import { missed } from "./dependencies.ts";
import { toEndedTask } from "../transcript/notices.ts";
import { readEnding } from "./task-readings.ts";
import { type BoardTask, findTask, workflowOf } from "./board.ts";

/** What the results of all of them may take together. */
const resultBytes = 40_000;

/** A slot is free for it. What the others left goes along. */
export async function tellResults(agent: Agent, task: BoardTask): Promise<void> {
  const ids = (task.dependsOn ?? []).map(({ taskId }) => taskId);
  const mostBytes = Math.floor(resultBytes / Math.max(1, ids.length));
  const results = await Promise.all(ids.map((taskId) => readResult(agent, taskId, mostBytes)));
  await tell(task, { type: "results", results });
}

/** It ends without having begun. */
export async function tellDoom(task: BoardTask): Promise<void> {
  const lost = missed(task.dependsOn ?? []).map(({ taskId, ended }) => `${taskId} (${ended})`);
  await tell(task, {
    type: "failed",
    why: `It could not begin: it depends on ${lost.join(", ")}. Start it anew without that, or with depends_on_failed: run.`,
  });
}

async function tell(task: BoardTask, begin: Begin): Promise<void> {
  await getExternalWorkflowHandle(workflowOf(task)).signal(beginSignal, begin);
}

/** The board forgets what it was told long ago, the ended task itself does not. */
async function readResult(agent: Agent, taskId: string, mostBytes: number): Promise<object> {
  const known = findTask(agent.state.board, taskId);
  const envelope =
    known?.envelope ?? (await readEnding(agent, known ? workflowOf(known) : taskId)).envelope;
  const summary = cutText(envelope.summary, mostBytes, `… (the rest: ${taskId})`);
  const [agentName = ""] = taskId.split(/-[0-9a-f]{12}$/);
  const phase = { status: envelope.status } as BoardTask["phase"];
  const line = { taskId, agent: known?.agent ?? agentName, phase };
  return {
    ...toEndedTask({ ...line, envelope: { ...envelope, summary } }),
    ...(known && { description: known.description }),
  };
}
