// Whose requests wait, and what stands still for them.
import { expect, test } from "vitest";
import { toWaitingRequests } from "../../client/waiting-requests.ts";
import type { OpenRequest } from "../../protocol/requests.ts";
import type { WaitingReason } from "../../protocol/task.ts";
import type { Execution } from "../../protocol/task-view.ts";

const request = (requestId: string, askedAt: string): OpenRequest => ({
  requestId,
  callId: "toolu_1",
  kind: "approval",
  tool: "write_file",
  label: "write_file a.md",
  text: "{}",
  askedAt,
  expiresAt: "2026-11-28T10:00:00.000Z",
});

function execution(
  id: string,
  parentId: string | null,
  waitingOn: readonly WaitingReason[],
  requests?: readonly OpenRequest[],
): Execution {
  return {
    workflowId: id,
    type: "subagent",
    startTime: new Date(),
    status: { name: "RUNNING" },
    memo: {
      agent: { agent: "writer", description: `about ${id}`, parentId, rootId: "supervisor-1" },
      state: { phase: { status: "waiting", waitingOn }, ...(requests && { requests }) },
    },
  } as unknown as Execution;
}

test("oldest first, over all agents", () => {
  const found = toWaitingRequests([
    execution("b", "supervisor-1", ["approval"], [request("q-2", "2026-11-21T10:02:00.000Z")]),
    execution("a", "supervisor-1", ["approval"], [request("q-3", "2026-11-21T10:03:00.000Z")]),
    execution("supervisor-1", null, ["answer"], [request("q-1", "2026-11-21T10:01:00.000Z")]),
  ]);
  expect(found.map(({ requestId }) => requestId)).toEqual(["q-1", "q-2", "q-3"]);
  expect(found[0]).toMatchObject({ id: "supervisor-1", description: "" });
  expect(found[1]).toMatchObject({ id: "b", description: "about b", supervisorId: "supervisor-1" });
});

test("what stands still is the one that asks, and those above it that wait for their tasks", () => {
  const [found] = toWaitingRequests([
    execution("leaf", "middle", ["approval"], [request("q-1", "2026-11-21T10:02:00.000Z")]),
    execution("middle", "top", ["tasks"]),
    execution("top", "supervisor-1", ["model"]),
  ]);
  expect(found?.blocks).toEqual(["leaf", "middle"]);
});

test("an agent that asks nothing, or has written nothing yet, is left out", () => {
  const fresh = { ...execution("new", null, []), memo: {} };
  expect(toWaitingRequests([execution("a", null, ["model"]), fresh])).toEqual([]);
});
