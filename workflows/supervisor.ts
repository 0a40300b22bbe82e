// Lives as long as the conversation.
import {
  ActivityFailure,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from "@temporalio/workflow";
import type { Workspace } from "../protocol/agent.ts";
import type { Supervisor } from "../protocol/workflows.ts";
import { type Agent, isPaused, mustRoll, openAgent, tell } from "./agent/agent.ts";
import { giveUpTurn, runTurns, takeInbox } from "./turn/agent-loop.ts";
import { answerClaims } from "./sharing/claims.ts";
import { enter } from "./agent/display.ts";
import { TaskFailure, toSentence, wordsOf } from "./agent/failures.ts";
import { takeEvents } from "./waits/events.ts";
import { stopTurn } from "./handlers/interrupt.ts";
import { answerQueries } from "./handlers/queries.ts";
import { takeMessage } from "./agent/inbox-room.ts";
import { takePersonMessages, takeTaskNews } from "./handlers/messages.ts";
import { park } from "./handlers/pause.ts";
import { flush, takeOver, handOver, prepare } from "./agent/run.ts";
import { openAccount } from "./budget/account.ts";
import { toSnapshot } from "./agent/snapshot.ts";
import { keepBudget } from "./budget/spending.ts";
import { endTasks } from "./tasks/task-ends.ts";

export const supervisor: Supervisor = async (input) => {
  const agent = openAgent(
    {
      role: "supervisor",
      name: input.agent,
      parentId: null,
      rootId: workflowInfo().workflowId,
      depth: 0,
      settings: input.settings,
      parentModel: "",
      begun: true,
    },
    input.snapshot,
  );
  if (!input.snapshot) for (const message of input.messages) takeMessage(agent, message);
  if (!input.snapshot && input.budget) {
    const { treeTokens: outputTokens, treeTasks: tasks } = agent.settings.limits;
    const pool = { outputTokens, tasks, ...input.budget };
    keepBudget(agent, openAccount(pool, input.budget));
  }
  answerQueries(agent);
  takeTaskNews(agent);
  takePersonMessages(agent);
  answerClaims(agent);
  takeEvents(agent);

  if (input.snapshot) takeOver(agent);
  try {
    await converse(agent, input.workspace);
    if (agent.state.ending) return await end(agent);
    await handOver(agent);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await end(agent);
    throw error;
  }
  // Told to end while the last commands went out.
  if (agent.state.ending) return await end(agent);
  await continueAsNew<Supervisor>({ ...input, messages: [], snapshot: toSnapshot(agent) });
};

/** Answers whoever speaks and whatever ends, until it is time to roll or to end. */
async function converse(agent: Agent, workspace: Workspace): Promise<void> {
  const { state } = agent;
  for (;;) {
    const hasWork = (): boolean => state.inbox.length > 0 || state.due;
    await condition(() => hasWork() || isPaused(agent) || state.ending || mustRoll(agent));
    if (state.ending) return;
    stopTurn(agent);
    if (isPaused(agent)) {
      if ((await park(agent)) === "roll") return;
      if (!hasWork() && !isPaused(agent)) enter(agent, { status: "idle" });
      continue;
    }
    if (hasWork()) await answer(agent, workspace);
    if (state.ending || mustRoll(agent)) return;
  }
}

/** A supervisor never fails on a failed turn: it says what happened and what helps. */
async function answer(agent: Agent, workspace: Workspace): Promise<void> {
  const { state } = agent;
  try {
    await prepare(agent, workspace);
  } catch (error) {
    // What was said meanwhile is taken along: the next message tries again.
    takeInbox(agent);
    state.stopping = null;
    giveUpTurn(agent, toApology(error, "begin"));
    return enter(agent, { status: "idle" });
  }
  try {
    await runTurns(agent);
  } catch (error) {
    giveUpTurn(agent, toApology(error, "answer"));
  }
  stopTurn(agent);
  if (!state.due) enter(agent, { status: "idle" });
}

/** The words for a failure. A cancellation is none, and a fault of the workflow itself has to be seen. */
function toApology(error: unknown, what: "begin" | "answer"): string {
  if (isCancellation(error)) throw error;
  if (error instanceof TaskFailure) return `I could not ${what}: ${error.message}`;
  if (!(error instanceof ActivityFailure)) throw error;
  return `I could not ${what}: ${toSentence(wordsOf(error))} Send a message to try again.`;
}

async function end(agent: Agent): Promise<void> {
  agent.state.ending = true;
  enter(agent, { status: "ending" });
  await endTasks(agent, "The supervisor was ended.");
  tell(agent, { type: "ended" });
  await flush(agent);
}
