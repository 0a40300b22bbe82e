// The next answer of the model, whatever it takes.
import { CancellationScope, condition, isCancellation } from "@temporalio/workflow";
import { cutText } from "../../protocol/text.ts";
import type { ModelAnswer } from "../../protocol/turn.ts";
import { type Agent, isPaused, isStopping, mustRoll, tell } from "../agent/agent.ts";
import { keepModel, leaveModel } from "../agent/chosen-model.ts";
import { TaskFailure, toSentence } from "../agent/failures.ts";
import { holdsWords } from "../agent/inbox.ts";
import { enterWaiting, goOn } from "../tasks/parent.ts";
import { rebuild } from "../transcript/generations.ts";
import { callOnce, isForPerson } from "./model-call.ts";
import { callsAgain, type ModelTrouble, toModelTrouble } from "./model-trouble.ts";
import { passAnswer, passResume } from "./recovery.ts";

/** An answer, or nothing when something comes first: a note, a message, the end, a roll. */
export async function nextAnswer(agent: Agent): Promise<ModelAnswer | undefined> {
  try {
    const answer = await callOnce(agent);
    takeSuccess(agent);
    return answer;
  } catch (error) {
    if (!isCancellation(error)) await takeModelTrouble(agent, toModelTrouble(error));
    else if (!agent.run.interrupted || CancellationScope.current().consideredCancelled) throw error;
    return undefined;
  }
}

/** The model is back, for this agent and so for its tasks. */
function takeSuccess(agent: Agent): void {
  agent.run.misses = 0;
  keepModel(agent);
  if (agent.state.parked > 0) {
    agent.state.parked = 0;
    goOn(agent);
    passResume(agent);
  } else if (isForPerson(agent)) passAnswer(agent);
}

async function takeModelTrouble(agent: Agent, trouble: ModelTrouble): Promise<void> {
  const { state } = agent;
  switch (trouble.kind) {
    case "again":
      return await callAgain(agent, trouble);
    case "unpicked":
      return await waitForProbe(agent, 0);
    case "park":
      announce(
        agent,
        "model",
        trouble,
        "It is tried again by itself, and at once with the next message or `bosun resume`.",
      );
      return await waitForProbe(agent, trouble.retryAfterMs);
    case "quota":
      announce(
        agent,
        "quota",
        trouble,
        "It goes on after `bosun resume`, or with the next message.",
      );
      state.parked += 1;
      return await condition(waker(agent));
    case "rebuild":
      if (state.rebuilt) throw new TaskFailure("error", trouble.message, trouble.error);
      state.rebuilt = true;
      return rebuild(agent, trouble);
    case "stop":
      if (leaveModel(agent, trouble)) return;
      throw new TaskFailure("error", trouble.message, trouble.error);
  }
}

/** The model had no part in it: the same call once more, after a moment that grows. */
async function callAgain(agent: Agent, { message }: ModelTrouble): Promise<void> {
  const { state, run, settings } = agent;
  const { modelRetryMs, modelRetryMaxMs } = settings.limits;
  if (state.parked === 0 && run.misses === 0) {
    tell(agent, { type: "trouble", text: `${toSentence(message)} The call is made again.` });
  }
  const wait = modelRetryMs * 2 ** Math.min(run.misses, 10);
  run.misses += 1;
  await condition(waker(agent), Math.min(modelRetryMaxMs, wait), {
    summary: "until the call is made again",
  });
}

/** A probe's time, never less than the provider asks for. Agents that began to wait together spread out. */
async function waitForProbe(agent: Agent, leastMs: number): Promise<void> {
  const { state, settings } = agent;
  const { probeMs, probeMaxMs } = settings.limits;
  const wait = Math.min(probeMaxMs, probeMs * 2 ** Math.min(state.parked, 10));
  state.parked += 1;
  const spread = 0.5 + Math.random();
  const ms = Math.round(Math.max(leastMs, wait * spread));
  await condition(waker(agent), ms, { summary: "until the next probe" });
}

/** What ends a wait for the model early: somebody's words, `resume`, also during the call, a pause, the end, a roll. */
function waker(agent: Agent): () => boolean {
  const { state, run } = agent;
  if (run.probes > run.seen && !callsAgain()) run.seen = run.probes;
  return () =>
    run.probes > run.seen ||
    state.ending ||
    holdsWords(state.inbox) ||
    isPaused(agent) ||
    isStopping(agent) ||
    mustRoll(agent);
}

const whyBytes = 1_000;

/** Said once: a probe that fails the same way is no news. */
function announce(
  agent: Agent,
  waitingOn: "model" | "quota",
  { message }: ModelTrouble,
  next: string,
): void {
  const why = `${cutText(toSentence(message), whyBytes - next.length - 1)} ${next}`;
  if (agent.state.phase.status === "waiting" && agent.state.why === why) return;
  tell(agent, { type: "trouble", text: why });
  enterWaiting(agent, [waitingOn], why);
}
