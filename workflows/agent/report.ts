// An agent's account of itself, bounded.
import type { SupervisorStatus } from "../../protocol/feed.ts";
import type { TaskPhase } from "../../protocol/task.ts";
import { cutJson, jsonLength, newest, toLine } from "../../protocol/text.ts";
import { checkCall } from "../../protocol/tools/tools.ts";
import type { Message } from "../../protocol/turn.ts";
import type { CheckDetail, LastTool, TaskReport } from "../../protocol/views.ts";
import { type Agent, now } from "./agent.ts";
import type { AgentState } from "./agent-state.ts";
import { toPlainText } from "../transcript/digest.ts";
import { toShort, toUnseen } from "./envelope.ts";
import { hasOpenTurn } from "../turn/tool-turn.ts";

function toTaskPhase({ state }: Agent): TaskPhase {
  const { phase } = state;
  switch (phase.status) {
    case "thinking":
    case "ending":
      return { status: "running" };
    case "idle":
      return { status: "waiting", waitingOn: [] };
    case "waiting":
      return { status: "waiting", waitingOn: "waitingOn" in phase ? phase.waitingOn : [] };
    default:
      return phase;
  }
}

export function toSupervisorStatus({ state }: Agent): SupervisorStatus {
  if (state.ending) return "ending";
  const { status } = state.phase;
  return status === "thinking" || status === "waiting" ? status : "idle";
}

/** One agent, at a level of detail. Each level is bounded: `checkBytes`. */
export function toReport(agent: Agent, detail: CheckDetail): TaskReport {
  const { state } = agent;
  const lastTool = toLastTool(state.feed);
  const openTools = toOpenTools(agent);
  const base: TaskReport = {
    phase: toTaskPhase(agent),
    turn: state.turn,
    usage: state.usage,
    receipts: newest(state.receipts, { count: 10, bytes: 1_500 }),
    unseenNotes: toUnseen(state).slice(0, 20),
    asOf: now(),
    ...(lastTool && { lastTool }),
    ...(openTools.length > 0 && { openTools }),
  };
  const { messages } = state.generation;
  const digest = (): TaskReport => ({
    ...base,
    lastText: cutJson(state.lastText, 1_000),
    ...toTraces(state),
    ...(state.posted.count > 0 && { findings: state.posted.texts }),
    ...(state.claimed.length > 0 && { claims: state.claimed }),
  });
  switch (detail) {
    case "status":
      return base;
    case "digest":
      return digest();
    case "turns":
      return { ...digest(), turns: toTurns(messages) };
    case "full":
      return { ...digest(), turns: toTurns(messages), transcript: toNewest(messages) };
  }
}

function toLastTool({ entries }: AgentState["feed"]): LastTool | undefined {
  const entry = entries.findLast(({ event }) => event.type === "tool");
  if (entry?.event.type !== "tool") return undefined;
  const { label, failed } = entry.event;
  return { label: cutJson(label, 200), failed, turn: entry.turn, at: entry.at };
}

const shownTools = 5;

/** Calls without an answer. Those that wait for a person stand among the requests. */
function toOpenTools(agent: Agent): readonly string[] {
  const { openCalls, answers, requests } = agent.state;
  if (!hasOpenTurn(agent)) return [];
  const asked = new Set(requests.map(({ callId }) => callId));
  return openCalls
    .filter(({ id }) => !answers[id] && !asked.has(id))
    .slice(0, shownTools)
    .map(({ name, input }) => {
      const checked = checkCall(name, input, [name]);
      return cutJson(checked.ok ? checked.label : toLine(name, 100), 150);
    });
}

/** What it has done so far, for whoever has to tell it in its place. */
function toTraces({ inDoubt, artifacts, evidence, written }: AgentState) {
  return {
    inDoubt: toNewestLines(inDoubt),
    artifacts: toNewestLines(artifacts),
    evidence: toNewestLines(evidence),
    files: toNewestLines(written),
  };
}

function toNewestLines(texts: readonly string[]): readonly string[] {
  return newest(toShort(texts), { count: 10, bytes: 600 });
}

const shownTurns = 40;

/** One line for each of the newest answers: what it said and what it called. */
function toTurns(messages: readonly Message[]): readonly string[] {
  return messages
    .filter((message) => message.role === "assistant")
    .slice(-shownTurns)
    .map((message) => cutJson(toLine(toPlainText(message).replace("assistant: ", ""), 200), 200));
}

const fullBytes = 12_000;

function toNewest(messages: readonly Message[]): string {
  const kept: string[] = [];
  let room = fullBytes;
  for (const message of messages.toReversed()) {
    const text = cutJson(toPlainText(message), 2_000);
    room -= jsonLength(text) + 4;
    if (room < 0) break;
    kept.unshift(text);
  }
  return kept.join("\n\n");
}
