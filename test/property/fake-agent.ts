// An agent without a workflow, for what is decided without one.
import { emptyFeed } from "../../workflows/feed.ts";
import type { Agent } from "../../workflows/agent.ts";
import { emptyBoard } from "../../workflows/task-board.ts";
import { beginGeneration } from "../../workflows/transcript.ts";
import { limitDefaults } from "../../protocol/settings.ts";
import { noUsage } from "../../protocol/turn.ts";

export function fakeAgent(state: Partial<Agent["state"]> = {}): Agent {
  const limits = limitDefaults;
  return {
    role: "supervisor",
    name: "supervisor",
    id: "supervisor-1",
    parentId: null,
    rootId: "supervisor-1",
    depth: 0,
    parentModel: "",
    settings: { backend: "scripted", supervisorModel: "m", taskModel: "m", limits },
    run: { tasks: new Map(), outgoing: new Set(), lastNews: Promise.resolve() },
    state: {
      version: 1,
      definition: null,
      generation: beginGeneration(1, "scripted", "m"),
      openCalls: [],
      owed: [],
      inbox: [],
      board: emptyBoard,
      feed: emptyFeed,
      usage: noUsage,
      knownIds: [],
      answering: [],
      receipts: [],
      artifacts: [],
      inDoubt: [],
      lastText: "",
      turn: 0,
      turnsSpent: 0,
      due: false,
      ...state,
    },
  } as unknown as Agent;
}
