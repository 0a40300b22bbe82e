// What a memo and an execution status say together.
import type { WorkflowExecutionStatusName } from "@temporalio/client";
import { describe, expect, it } from "vitest";
import { toSupervisorView } from "../../client/supervisor-view.ts";
import { type Execution, toTaskView } from "../../protocol/task-view.ts";
import { type Envelope, type TaskPhase, toEmptyEnvelope } from "../../protocol/task.ts";
import { noUsage } from "../../protocol/turn.ts";
import type { AgentMemo, StateMemo } from "../../protocol/views.ts";

const asOf = new Date("2026-11-21T10:00:30.000Z");

const agent: AgentMemo = {
  agent: "researcher",
  description: "Structure: list the files",
  parentId: "supervisor-1",
  rootId: "supervisor-1",
  depth: 1,
  startedAt: "2026-11-21T10:00:00.000Z",
  backend: "scripted",
};

function state(phase: StateMemo["phase"], why?: string): StateMemo {
  const receipts = [{ noteId: "n-1", turn: 2, at: "2026-11-21T10:00:05.000Z" }];
  const updatedAt = "2026-11-21T10:00:09.000Z";
  return { phase, turn: 3, usage: noUsage, receipts, updatedAt, ...(why && { why }) };
}

function envelope(status: Envelope["status"], more: Partial<Envelope> = {}): Envelope {
  return {
    ...toEmptyEnvelope({ status: "completed" }),
    status,
    summary: "3 files",
    ...more,
  };
}

function execution(name: WorkflowExecutionStatusName, memo: object, closed = name !== "RUNNING") {
  const made: Execution = {
    workflowId: "researcher-1",
    type: "subagent",
    status: { name },
    // A task that has rolled: its newest run began later than the task.
    startTime: new Date("2026-11-21T10:00:20.000Z"),
    memo: { agent, ...memo },
    ...(closed && { closeTime: new Date("2026-11-21T10:00:25.000Z") }),
  };
  return made;
}

const running: TaskPhase = { status: "running" };

describe("a task's status", () => {
  const table: readonly (readonly [string, Execution, object])[] = [
    ["is queued before its first turn", execution("RUNNING", {}), { status: "queued" }],
    [
      "is what its memo says while it runs",
      execution("RUNNING", { state: state(running) }),
      { status: "running" },
    ],
    [
      "names what it waits for, and why",
      execution("RUNNING", {
        state: state({ status: "waiting", waitingOn: ["model"] }, "overloaded"),
      }),
      { status: "waiting", waitingOn: ["model"], why: "overloaded" },
    ],
    [
      "is the envelope's once that is written, a moment before the workflow closes",
      execution("RUNNING", { state: state(running), envelope: envelope("completed") }),
      { status: "completed", endedAt: "2026-11-21T10:00:09.000Z" },
    ],
    [
      "is completed with its result",
      execution("COMPLETED", { state: state(running), envelope: envelope("completed") }),
      { status: "completed", endedAt: "2026-11-21T10:00:25.000Z", result: envelope("completed") },
    ],
    [
      "is failed for the reason of the envelope",
      execution("FAILED", { envelope: envelope("failed", { reason: "budget" }) }),
      { status: "failed", reason: "budget" },
    ],
    [
      "is failed: error when a failed workflow left nothing",
      execution("FAILED", { state: state(running) }),
      { status: "failed", reason: "error" },
    ],
    [
      "is failed: terminated when its memo still says running",
      execution("TERMINATED", { state: state(running) }),
      { status: "failed", reason: "terminated" },
    ],
    [
      "is failed: timeout when the server stopped it",
      execution("TIMED_OUT", { state: state(running) }),
      { status: "failed", reason: "timeout" },
    ],
    [
      "is cancelled when the workflow was",
      execution("CANCELLED", { state: state(running) }),
      { status: "cancelled" },
    ],
    [
      "keeps that it was stopped by force",
      execution("TERMINATED", { envelope: envelope("cancelled", { forced: true }) }),
      { status: "cancelled", forced: true },
    ],
  ];

  it.each(table)("%s", (_, given, expected) => {
    expect(toTaskView(given, asOf)).toMatchObject(expected);
  });

  it("an open task has no end", () => {
    expect(toTaskView(execution("RUNNING", { state: state(running) }), asOf).endedAt).toBeNull();
  });

  it("a task's start is that of its first run", () => {
    const view = toTaskView(execution("RUNNING", { state: state(running) }), asOf);
    expect(view.startedAt).toBe("2026-11-21T10:00:00.000Z");
    expect(view.asOf).toBe(asOf.toISOString());
  });

  it("a foreign workflow without memos is still a view", () => {
    const view = toTaskView({ ...execution("RUNNING", {}), memo: undefined as never }, asOf);
    expect(view).toMatchObject({ agent: "subagent", description: "", status: "queued" });
  });
});

describe("a supervisor's status", () => {
  it.each([
    ["RUNNING", "thinking"],
    ["COMPLETED", "ended"],
    ["CANCELLED", "ended"],
    ["TERMINATED", "failed"],
    ["FAILED", "failed"],
  ] as const)("of a %s workflow is %s", (name, status) => {
    const view = toSupervisorView(execution(name, { state: state({ status: "thinking" }) }), asOf);
    expect(view.status).toBe(status);
  });

  it("is idle before its first turn", () => {
    expect(toSupervisorView(execution("RUNNING", {}), asOf).status).toBe("idle");
  });
});
