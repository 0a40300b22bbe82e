// What agents may spend: read, set and summed up.
import { randomUUID } from "node:crypto";
import type { Client } from "@temporalio/client";
import type { BudgetChange, BudgetReport } from "../protocol/budget.ts";
import { budgetQuery, setSignal } from "../protocol/messages.ts";
import { addUsage, noUsage, type Usage } from "../protocol/turn.ts";
import type { TaskView } from "../protocol/views.ts";
import { callServer, callWorker } from "./call.ts";
import type { SupervisorView } from "./supervisor-view.ts";

/** Throws `RequestError`, code `noWorker`, when nobody answers in 2 s. */
export function readBudget(client: Client, id: string): Promise<BudgetReport> {
  return callWorker(client, id, () => client.workflow.getHandle(id).query(budgetQuery));
}

/** A signal: it counts when a worker is there again, too. */
export async function setBudget(client: Client, id: string, budget: BudgetChange): Promise<void> {
  const given = { settingId: `set-${randomUUID()}`, budget };
  await callServer(client, id, () => client.workflow.getHandle(id).signal(setSignal, given));
}

/** What the agents of one name have used. */
interface AgentUsage {
  readonly agent: string;
  readonly count: number;
  readonly usage: Usage;
}

/** What a tree has used: in all, and by the names of its agents. */
export interface TreeUsage {
  readonly usage: Usage;
  readonly agents: readonly AgentUsage[];
}

/** The sum of what each agent used itself. */
export function sumUsage(
  supervisors: readonly SupervisorView[],
  tasks: readonly TaskView[],
): TreeUsage {
  const all = [...supervisors, ...tasks];
  const names = [...new Set(all.map(({ agent }) => agent))].toSorted();
  return {
    usage: sum(all),
    agents: names.map((agent) => {
      const named = all.filter((one) => one.agent === agent);
      return { agent, count: named.length, usage: sum(named) };
    }),
  };
}

/** Attempts that others followed have used their part, too. */
const sum = (all: readonly Pick<TaskView, "usage" | "usageBefore">[]): Usage =>
  all.reduce(
    (total, { usage, usageBefore = noUsage }) => addUsage(addUsage(total, usage), usageBefore),
    noUsage,
  );
