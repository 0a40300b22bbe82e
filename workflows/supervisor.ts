// Lives as long as the conversation.
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from "@temporalio/workflow";
import type { Supervisor } from "../protocol/workflows.ts";
import { type Agent, openAgent, tell, toSnapshot } from "./agent.ts";
import { giveUpTurn, runTurns, takeInbox } from "./agent-loop.ts";
import { enter } from "./display.ts";
import { TaskFailure } from "./envelope.ts";
import { answerQueries, takeMessage, takePersonMessages, takeTaskNews } from "./messages.ts";
import { closeRun, prepare } from "./run.ts";
import { mustRoll } from "./roll.ts";
import { endTasks, watchOpen } from "./task-ends.ts";

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
      description: "",
      begun: true,
    },
    input.snapshot,
  );
  if (!input.snapshot) for (const message of input.messages) takeMessage(agent, message);
  answerQueries(agent);
  takeTaskNews(agent);
  takePersonMessages(agent);

  let rolling = false;
  if (input.snapshot) void watchOpen(agent, () => rolling).catch(() => undefined);
  try {
    await converse(agent, input.workspace);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await end(agent);
    throw error;
  }
  if (agent.state.ending) return await end(agent);
  rolling = true;
  await closeRun(agent);
  await continueAsNew<Supervisor>({ ...input, messages: [], snapshot: toSnapshot(agent.state) });
};

/** Answers whoever speaks and whatever ends, until it is time to roll or to end. */
async function converse(agent: Agent, workspace: Parameters<typeof prepare>[1]): Promise<void> {
  const { state } = agent;
  for (;;) {
    await condition(() => state.inbox.length > 0 || state.due || state.ending || mustRoll(agent));
    if (state.ending) return;
    if (state.inbox.length > 0 || state.due) await answer(agent, workspace);
    if (state.ending || mustRoll(agent)) return;
  }
}

/** A supervisor never fails on a failed turn: it says what happened and what helps. */
async function answer(agent: Agent, workspace: Parameters<typeof prepare>[1]): Promise<void> {
  try {
    await prepare(agent, workspace);
    await runTurns(agent);
  } catch (error) {
    const text = toApology(error);
    if (text === undefined) throw error;
    takeInbox(agent);
    giveUpTurn(agent, text);
  }
  if (!agent.state.due) enter(agent, { status: "idle" });
}

function toApology(error: unknown): string | undefined {
  if (error instanceof TaskFailure) return `I could not answer: ${error.message}`;
  if (isCancellation(error)) return undefined;
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
    return `I could not begin: ${error.cause.message}`;
  }
  return undefined;
}

async function end(agent: Agent): Promise<void> {
  agent.state.ending = true;
  enter(agent, { status: "ending" });
  await endTasks(agent, "The supervisor was ended.");
  tell(agent, { type: "ended" });
  enter(agent, { status: "ending" });
  await closeRun(agent);
}
