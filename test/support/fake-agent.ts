// An agent without a workflow, for pure decisions.
import { limitDefaults } from "../../protocol/settings.ts";
import type { Agent } from "../../workflows/agent/agent.ts";
import { type AgentState, freshState } from "../../workflows/agent/agent-state.ts";

export function fakeAgent(state: Partial<AgentState> = {}): Agent {
  const identity = {
    role: "supervisor",
    name: "supervisor",
    parentId: null,
    rootId: "supervisor-1",
    depth: 0,
    parentModel: "",
    settings: {
      installation: "test",
      backend: "scripted",
      supervisorModel: "m",
      taskModel: "m",
      searchAttributes: false,
      limits: limitDefaults,
    },
  } as const;
  const run = { tasks: new Map(), outgoing: new Set(), lastNews: Promise.resolve() };
  return {
    ...identity,
    id: "supervisor-1",
    taskId: "supervisor-1",
    state: { ...freshState(identity, true), ...state },
    run: run as unknown as Agent["run"],
  };
}
