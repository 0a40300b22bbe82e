// What waits for a person, over all agents of an installation.
import type { OpenRequest } from "../protocol/requests.ts";
import { type Execution, readMemos } from "../protocol/task-view.ts";
import type { AgentMemo, StateMemo } from "../protocol/views.ts";

/** An open request, with who asks and what stands still until it is decided. */
export interface WaitingRequest extends OpenRequest {
  /** The task or supervisor that asks. */
  readonly id: string;
  readonly agent: string;
  /** What a task is about, empty for a supervisor. */
  readonly description: string;
  /** The supervisor at the top of its tree. */
  readonly supervisorId: string;
  /** Who cannot go on: the one that asks, then those above it that wait for their tasks. */
  readonly blocks: readonly string[];
}

interface Known {
  readonly agent: AgentMemo;
  readonly state: StateMemo;
}

/** Oldest first, from the memos of workflows that run. */
export function toWaitingRequests(executions: readonly Execution[]): readonly WaitingRequest[] {
  const known = new Map(
    executions.flatMap((execution): [string, Known][] => {
      const { agent, state } = readMemos(execution);
      return agent && state ? [[agent.taskId ?? execution.workflowId, { agent, state }]] : [];
    }),
  );
  return [...known]
    .flatMap(([id, one]) => toRequests(id, one, known))
    .toSorted((a, b) => a.askedAt.localeCompare(b.askedAt));
}

function toRequests(
  id: string,
  { agent, state }: Known,
  known: ReadonlyMap<string, Known>,
): readonly WaitingRequest[] {
  const asker = {
    id,
    agent: agent.agent,
    description: agent.parentId === null ? "" : agent.description,
    supervisorId: agent.rootId,
    blocks: [id, ...waitingAbove(agent.parentId, known)],
  };
  return (state.requests ?? []).map((request) => ({ ...request, ...asker }));
}

function waitingAbove(id: string | null, known: ReadonlyMap<string, Known>): readonly string[] {
  const one = id === null ? undefined : known.get(id);
  if (id === null || !one) return [];
  const { phase } = one.state;
  const waits = phase.status === "waiting" && "waitingOn" in phase;
  if (!waits || !phase.waitingOn.includes("tasks")) return [];
  return [id, ...waitingAbove(one.agent.parentId, known)];
}
