// A claim, brought to the root of the tree.
import { Context } from "@temporalio/activity";
import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from "@temporalio/client";
import type { ClaimKeyInput } from "../../protocol/activities.ts";
import type { ClaimAnswer, ClaimResult } from "../../protocol/claims.ts";
import { claimUpdate } from "../../protocol/messages.ts";
import { toTaskView } from "../../protocol/task-view.ts";
import { cutText, toLine } from "../../protocol/text.ts";
import { describe, isRunning, whichRun } from "./running-tree.ts";
import { untilCancelled } from "./until-cancelled.ts";

/** Each round finds an owner that has ended. After so many Temporal lets some time pass. */
const mostRounds = 5;

/**
 * The root hears of its own tasks' ends only, so an owner that is named is looked at: one that has ended owns
 * nothing, and the root is asked again with that. An end is final, so nobody can lose a claim by it.
 */
export function claimKey(client: Client, { rootId, key }: ClaimKeyInput): Promise<ClaimResult> {
  const { workflowExecution, scheduleToCloseTimeoutMs } = Context.current().info;
  const taskId = workflowExecution?.workflowId ?? "";
  const claim = async (): Promise<ClaimResult> => {
    let ended: readonly string[] = [];
    for (let round = 0; round < mostRounds; round += 1) {
      const answer = await ask(client, rootId, { key, taskId, ended });
      if (answer.status === "unavailable" || answer.status === "yours") return answer;
      const owners = answer.status === "full" ? answer.owners : [answer.taskId];
      const running = new Set(await whichRun(client, owners));
      ended = owners.filter((id) => !running.has(id));
      if (ended.length === 0) return await toResult(client, answer);
    }
    throw new Error(`Every owner of ${key} had ended when it was looked at.`);
  };
  // Without its end it would wait on for a root that never answers, when its task has long been told.
  const deadline = Date.now() + scheduleToCloseTimeoutMs;
  return client.withDeadline(deadline, () => untilCancelled(client, claim));
}

type Unavailable = Extract<ClaimResult, { status: "unavailable" }>;

async function ask(
  client: Client,
  rootId: string,
  input: { key: string; taskId: string; ended: readonly string[] },
): Promise<ClaimAnswer | Unavailable> {
  try {
    return await client.workflow.getHandle(rootId).executeUpdate(claimUpdate, { args: [input] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      const why = cutText(error.cause?.message ?? error.message, 500);
      return { status: "unavailable", why: `${rootId} refused it. ${why}` };
    }
    // Between two runs it is not found either, so that is no answer yet.
    if (error instanceof WorkflowNotFoundError && !(await isRunning(client, rootId))) {
      return { status: "unavailable", why: `${rootId}, which keeps the claims, has ended.` };
    }
    throw error;
  }
}

async function toResult(
  client: Client,
  answer: Exclude<ClaimAnswer, { status: "yours" }>,
): Promise<ClaimResult> {
  if (answer.status === "full") return { status: "full", most: answer.most };
  const { taskId, at } = answer;
  const described = await describe(client, taskId);
  const view = described && toTaskView(described, new Date());
  return {
    status: "taken",
    at,
    taskId,
    agent: view?.agent ?? "",
    description: toLine(view?.description ?? "", 300),
  };
}
