// What lists, panels and programs see of an agent.
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from "@temporalio/workflow";
import { toOwned } from "../sharing/claim-list.ts";
import { dueAt } from "../../protocol/deadline.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import type { Envelope } from "../../protocol/task.ts";
import type { OpenRequest } from "../../protocol/requests.ts";
import { searchKeys } from "../../protocol/search-attributes.ts";
import { cutText, toLine } from "../../protocol/text.ts";
import type { Usage } from "../../protocol/turn.ts";
import { memoKeys, type StateMemo } from "../../protocol/views.ts";
import { type Agent, now } from "./agent.ts";
import type { AgentPhase } from "./agent-state.ts";
import { reasonBytes } from "./failures.ts";
import { toPosted } from "../sharing/finding-board.ts";
import type { BoardTask } from "../tasks/board.ts";
import { toldTrouble } from "../turn/trouble.ts";

/** Enters a phase and shows it. */
export function enter(agent: Agent, phase: AgentPhase, why = ""): void {
  agent.state.phase = phase;
  agent.state.why = cutText(why, reasonBytes);
  publish(agent);
}

/** What an agent at work is called. */
export function workingStatus({ role }: Agent): "thinking" | "running" {
  return role === "supervisor" ? "thinking" : "running";
}

/** Writes the memo when something in it changed, one event at most, and the panel, no event. */
export function publish(agent: Agent, envelope?: Envelope): void {
  const { state } = agent;
  const { phase, turn, usage, receipts, why } = state;
  const trouble = toldTrouble(state.watch);
  const shown = {
    phase,
    turn,
    usage,
    receipts: receipts.slice(-10),
    ...(state.pausedAt !== null && { pausedAt: state.pausedAt }),
    ...(why && { why }),
    ...toDeadline(agent),
    ...(state.instruction && { instruction: state.instruction }),
    ...(state.requests.length > 0 && { requests: toShownRequests(state.requests) }),
    ...(state.posted.count > 0 && { findings: toPosted(state.posted) }),
    ...(state.claimed.length > 0 && { claims: toOwned(state.claimed) }),
    ...(trouble && { trouble }),
  };
  const text = JSON.stringify(shown);
  if (text !== agent.run.published.state || envelope) {
    agent.run.published.state = text;
    const memo: StateMemo = { ...shown, updatedAt: now() };
    upsertMemo({ [memoKeys.state]: memo, ...(envelope && { [memoKeys.envelope]: envelope }) });
  }
  if (agent.settings.searchAttributes && phase.status !== agent.run.published.status) {
    agent.run.published.status = phase.status;
    upsertSearchAttributes([{ key: searchKeys.status, value: phase.status }]);
  }
  setCurrentDetails(toDetails(agent));
}

/** Only where it is later than the task was started with. */
function toDeadline({ state }: Agent): Pick<StateMemo, "deadlineAt"> {
  const { deadline, pausedMs } = state;
  if (!deadline || (!deadline.extended && pausedMs === 0)) return {};
  return { deadlineAt: new Date(dueAt(deadline, state)).toISOString() };
}

const shownRequests = 10;

function toShownRequests(requests: readonly OpenRequest[]): readonly OpenRequest[] {
  return requests
    .slice(0, shownRequests)
    .map((request) => ({ ...request, text: cutText(request.text, 500) }));
}

function toDetails(agent: Agent): string {
  const { state } = agent;
  const backend =
    state.generation.backend === scriptedBackend
      ? "scripted model, not Claude"
      : state.generation.model;
  return cutText(
    [
      `**${agent.name}** · ${toPhaseText(state.phase)} · turn ${state.turn} · ${backend}`,
      toUsageText(state.usage),
      ...(state.pausedAt === null ? [] : [`**Paused** at ${state.pausedAt}, by a person`]),
      ...toWhy(state),
      ...(state.watch.episode ? [`**Trouble:** ${state.watch.episode.text}`] : []),
      ...state.requests.map(
        ({ requestId, kind, label }) => `**Asks** (${kind} ${requestId}): ${label}`,
      ),
      ...toTaskTable(state.board.tasks),
    ].join("\n\n"),
    18_000,
  );
}

function toWhy({ phase: { status }, why }: Agent["state"]): readonly string[] {
  if (!why || status === "cancelled") return [];
  return [`**${status === "failed" ? "Failed" : "Waits"}:** ${why}`];
}

function toPhaseText(phase: AgentPhase): string {
  switch (phase.status) {
    case "waiting":
      return "waitingOn" in phase ? `waiting on ${phase.waitingOn.join(", ")}` : "waiting";
    case "failed":
      return `failed: ${phase.reason}`;
    case "cancelled":
      return phase.forced ? "cancelled, forced" : "cancelled";
    default:
      return phase.status;
  }
}

function toUsageText(usage: Usage): string {
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  const usd = usage.usd === null ? "price unknown" : `$${usage.usd.toFixed(4)}`;
  return `${usage.calls} model calls · ${input} tokens in (${usage.cacheReadTokens} cached) · ${usage.outputTokens} out · ${usd}`;
}

const shownTasks = 60;

function toTaskTable(tasks: readonly BoardTask[]): readonly string[] {
  if (tasks.length === 0) return [];
  const rows = tasks
    .slice(-shownTasks)
    .map(
      (task) =>
        `| ${task.taskId}${task.attempt ? ` (attempt ${task.attempt})` : ""} | ${toPhaseText(task.phase)} | ${toLine(task.description, 100).replaceAll("|", "\\|")} |`,
    );
  return [["| task | status | description |", "| --- | --- | --- |", ...rows].join("\n")];
}
