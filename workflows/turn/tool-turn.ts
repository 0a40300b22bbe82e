// The tool calls of one answer, each with its result.
import { CancellationScope } from "@temporalio/workflow";
import { byteLength, cutText, toLine } from "../../protocol/text.ts";
import { checkCall, type GoodCall, toolSpecs } from "../../protocol/tools/tools.ts";
import { isWaitingTool } from "../../protocol/tools/waiting.ts";
import type { ToolAnswer, ToolCall, ToolResult } from "../../protocol/turn.ts";
import { type Agent, isStopping, tell } from "../agent/agent.ts";
import type { CallAnswer } from "../agent/agent-state.ts";
import { refusalAtDepth } from "../tasks/delegation.ts";
import { publish } from "../agent/display.ts";
import { awaitDecision, takeSlot } from "../tasks/own-slot.ts";
import { ask, needsPerson, untilRequestIsOver, withdrawAll } from "../people/requests.ts";
import { giveWay } from "../waits/resting.ts";
import { append, toUserMessage } from "../transcript/transcript.ts";
import { watchCalls } from "./trouble-stages.ts";
import { answerCall } from "./run-call.ts";

/** Whether the newest answer has calls that are still to be answered. */
export function hasOpenTurn({ state }: Agent): boolean {
  return state.openCalls.length > 0 && state.owed.length === 0;
}

/** Calls of this turn that are under way, in this run. Those with effects follow each other. */
interface Work {
  readonly running: Map<string, Promise<void>>;
  effects: Promise<unknown>;
  failure?: { readonly error: unknown };
}

/** Answers every call of the newest answer. One that waits for a person may outlive the run. */
export async function answerCalls(agent: Agent): Promise<"answered" | "roll"> {
  const { state } = agent;
  const work: Work = { running: new Map(), effects: Promise.resolve() };
  for (;;) {
    // Decided while the run before this one closed.
    if (!state.begun && holdsFreeCall(agent, work)) await takeSlot(agent);
    beginReady(agent, work);
    if (work.running.size > 0) await untilNews(agent, work);
    else if (state.requests.length === 0) break;
    else if ((await awaitDecision(agent)) === "roll") return "roll";
  }
  watchCalls(agent);
  oweResults(agent);
  return "answered";
}

/** Whether a call that is neither answered nor under way waits for nobody. */
function holdsFreeCall({ state }: Agent, { running }: Work): boolean {
  const asked = new Set(state.requests.map(({ callId }) => callId));
  return state.openCalls.some(({ id }) => !state.answers[id] && !running.has(id) && !asked.has(id));
}

/** A call that may run now, with its arguments checked. */
interface Ready {
  readonly id: string;
  readonly call: GoodCall;
}

/** Begins what waits for nobody. Reads run beside each other, calls with effects one after the other. */
function beginReady(agent: Agent, work: Work): void {
  const { state } = agent;
  const asked = state.requests.length;
  const ready = state.openCalls
    .filter(({ id }) => !work.running.has(id))
    .flatMap((call) => toReady(agent, call) ?? []);
  if (ready.length === 0) return;
  if (state.requests.length > asked) publish(agent);
  // A `now` note cancels this scope: the reads in it break off, calls with effects finish.
  agent.run.step ??= new CancellationScope();
  for (const { id, call } of ready) {
    const run = async (): Promise<void> =>
      keepAnswer(agent, id, call.label, tellEdit(agent, id, await answerCall(agent, id, call)));
    const isWrite = toolSpecs[call.name].effect === "write";
    const runNext = async (): Promise<void> => {
      if (!isStopping(agent)) return await run();
      keepAnswer(agent, id, call.label, { text: interruptedText, isError: true });
    };
    const done = (isWrite ? work.effects.then(runNext) : run()).then(
      () => void work.running.delete(id),
      (error: unknown) => {
        work.running.delete(id);
        work.failure ??= { error };
      },
    );
    if (isWrite) work.effects = done;
    work.running.set(id, done);
  }
}

/** Until what is under way has ended, or a request beside it is over. */
async function untilNews(agent: Agent, work: Work): Promise<void> {
  const { state } = agent;
  const { running } = work;
  if (state.openCalls.some(({ id, name }) => running.has(id) && isWaitingTool(name))) {
    giveWay(agent, running);
  }
  const all = [...running.values()];
  try {
    if (state.requests.length === 0) await Promise.all(all);
    else await untilRequestIsOver(agent, () => running.size < all.length);
  } catch (error) {
    // Cancelled: a write that goes on has to be waited for.
    await Promise.all(running.values());
    throw error;
  } finally {
    if (running.size === 0) agent.run.step = undefined;
  }
  if (running.size === 0 && work.failure) throw work.failure.error;
  if (running.size === 0 && state.requests.length === 0 && agent.run.rested) {
    agent.run.rested = false;
    await takeSlot(agent);
  }
  state.answers = fitTogether(state.answers);
}

/** A call that is not answered and waits for nobody. One that needs a person is asked for here. */
function toReady(agent: Agent, call: ToolCall): Ready | undefined {
  const { state } = agent;
  if (state.answers[call.id] || state.requests.some((one) => one.callId === call.id))
    return undefined;
  const declared = state.definition?.tools.map((tool) => tool.name) ?? [];
  const verdict = state.verdicts[call.id];
  const input = verdict?.type === "run" && verdict.input ? verdict.input : call.input;
  const checked = checkCall(call.name, input, declared);
  const say = (answer: ToolAnswer): undefined => {
    keepAnswer(agent, call.id, checked.ok ? checked.label : call.name, answer);
  };
  if (verdict?.type === "say") return say(verdict.answer);
  if (!checked.ok) {
    const text = refusalAtDepth(agent, call.name) ?? checked.error;
    return say({ text, isError: true });
  }
  if (verdict || !needsPerson(agent, checked)) return { id: call.id, call: checked };
  ask(agent, call, checked);
  return undefined;
}

function keepAnswer({ state }: Agent, id: string, label: string, answer: ToolAnswer): void {
  const { text, isError } = answer;
  state.answers = { ...state.answers, [id]: { text, isError, label: toLine(label, 200) } };
}

const editShown = 1_000;

/** The transcript keeps the call as the model made it, so the answer says what was run instead. */
function tellEdit({ state }: Agent, id: string, answer: ToolAnswer): ToolAnswer {
  const verdict = state.verdicts[id];
  if (verdict?.type !== "run" || !verdict.input) return answer;
  const input = cutText(JSON.stringify(verdict.input), editShown);
  const head = `[${verdict.by || "A person"} changed the arguments of this call before it ran: ${input}]`;
  return { ...answer, text: `${head}\n${answer.text}` };
}

type Answers = Agent["state"]["answers"];

/** What the results of one answer may have together, so that a step never outgrows a run. */
const stepBytes = 300_000;

function fitTogether(answers: Answers): Answers {
  const all = Object.entries(answers);
  const total = all.reduce((sum, [, { text }]) => sum + byteLength(text), 0);
  if (total <= stepBytes) return answers;
  const each = Math.floor(stepBytes / all.length);
  const mark = `… (cut: ${all.length} results were asked for at once, ask for fewer)`;
  return Object.fromEntries(
    all.map(([id, answer]) => [id, { ...answer, text: cutText(answer.text, each, mark) }]),
  );
}

/** The results of the turn, in call order, for the next step boundary. */
function oweResults(agent: Agent): void {
  const { state } = agent;
  state.owed = state.openCalls.map((call) => toResult(agent, call, state.answers[call.id]));
  state.answers = {};
  state.verdicts = {};
}

export const interruptedText = "Not run: a person interrupted the turn.";

/** Results for calls that were not run because a note or a person came first. */
export function cancelCalls(agent: Agent, calls: readonly ToolCall[]): readonly ToolResult[] {
  const note = "Not run: a note arrived that asked for attention at once. It follows.";
  return calls.map((call) => ({
    type: "tool_result",
    tool_use_id: call.id,
    is_error: true,
    content: isStopping(agent) ? interruptedText : note,
  }));
}

/** Ends an open turn: what has no answer gets these words, and the results enter the transcript. */
export function closeTurn(agent: Agent, words: string): void {
  const { state } = agent;
  if (state.openCalls.length === 0) return;
  if (hasOpenTurn(agent)) {
    withdrawAll(agent);
    for (const { id, name } of state.openCalls) {
      if (!state.answers[id]) keepAnswer(agent, id, name, { text: words, isError: true });
    }
    oweResults(agent);
  }
  state.generation = append(state.generation, toUserMessage(state.owed, []));
  state.owed = [];
  state.openCalls = [];
}

function toResult(agent: Agent, { id }: ToolCall, answer: CallAnswer | undefined): ToolResult {
  const { text, isError, label } = answer ?? { text: "No result.", isError: true, label: "" };
  tell(agent, { type: "tool", label, failed: isError });
  return {
    type: "tool_result",
    tool_use_id: id,
    content: text || "(empty)",
    ...(isError && { is_error: true }),
  };
}
