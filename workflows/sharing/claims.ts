// Claims: asked by a task, answered by the root of its tree.
import {
  ActivityCancellationType,
  isCancellation,
  proxyActivities,
  setHandler,
} from "@temporalio/workflow";
import type { WatchActivities } from "../../protocol/activities.ts";
import { claimShape, type ClaimResult } from "../../protocol/claims.ts";
import { toQueues } from "../../protocol/ids.ts";
import { claimUpdate } from "../../protocol/messages.ts";
import type { claimInput } from "../../protocol/tools/sharing.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { type Agent, now, tell } from "../agent/agent.ts";
import { demand } from "../handlers/input.ts";
import { refused, said } from "../turn/answers.ts";
import { takeClaim } from "./claim-list.ts";

/** The root of a tree keeps the claims of all tasks below it. */
export function answerClaims(agent: Agent): void {
  const { state, settings } = agent;
  setHandler(
    claimUpdate,
    (given) => {
      const taken = takeClaim(state.claims, given, settings.limits.maxClaims, now());
      state.claims = taken.claims;
      const { answer } = taken;
      if (answer.status === "yours" && !answer.known) {
        tell(agent, { type: "claim", taskId: given.taskId, key: given.key });
      }
      return taken.answer;
    },
    {
      validator: (given) => demand("The claim cannot be read", claimShape, given),
    },
  );
}

/** The tool. Whatever becomes of the answer, a claim that was recorded is found again as one's own. */
export async function claim(agent: Agent, { key }: Shaped<typeof claimInput>): Promise<ToolAnswer> {
  const { claimMs } = agent.settings.limits;
  const { claimKey } = proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    scheduleToCloseTimeout: claimMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: 200, maximumInterval: 2_000 },
  });
  try {
    const input = { rootId: agent.rootId, key };
    return toAnswer(
      agent,
      key,
      await claimKey.executeWithOptions({ summary: `claim ${key}` }, [input]),
    );
  } catch (error) {
    if (isCancellation(error)) throw error;
    return refused(
      `Nobody answered within ${claimMs / 1_000} s whether "${key}" is free. It may be yours by now: claim it again before you begin, and do not begin on it without an answer.`,
    );
  }
}

const claimedKept = 50;

function toAnswer(agent: Agent, key: string, result: ClaimResult): ToolAnswer {
  const { state } = agent;
  switch (result.status) {
    case "yours":
      state.claimed = [...state.claimed.filter((one) => one !== key), key].slice(-claimedKept);
      return said({
        status: "yours",
        key,
        since: result.at,
        ...(result.known && { note: "You had claimed it before." }),
      });
    case "taken":
      return said({
        status: "taken",
        key,
        owner: { task_id: result.taskId, agent: result.agent, description: result.description },
        since: result.at,
        note: "Leave it to that task. It is free again when that task has ended.",
      });
    case "full":
      return refused(
        `"${key}" was not claimed: the tasks of this tree own ${result.most} pieces of work, which is the most. Some are free again when a task ends. Claim larger pieces.`,
      );
    case "unavailable":
      return refused(`"${key}" was not claimed: ${result.why}`);
  }
}
