// What a task and all below it have spent.
import { setTimeout as sleep } from "node:timers/promises";
import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import { addSpent, noSpent, type Spent } from "../../protocol/budget.ts";
import { readMemos } from "../../protocol/task-view.ts";
import { whileBeating } from "../while-beating.ts";
import { askTask } from "./read-ending.ts";
import { childrenOf, describe, runningTree } from "./running-tree.ts";
import { untilCancelled } from "./until-cancelled.ts";

const lookMs = 1_000;
const slowestMs = 30_000;

/** Waits until nothing of the tree runs any more, for what still runs still spends. */
export function readSpent(client: Client, taskId: string): Promise<Spent> {
  const { cancellationSignal: signal } = Context.current();
  const read = async (): Promise<Spent> => {
    for (let wait = lookMs; ; wait = Math.min(slowestMs, 2 * wait)) {
      // A task that has just been started is in the list a moment later.
      await sleep(lookMs, undefined, { signal });
      const running = await untilCancelled(client, () => runningTree(client, taskId));
      if (running.length === 0) return await untilCancelled(client, () => sumUp(client, taskId));
      await sleep(wait, undefined, { signal });
    }
  };
  return whileBeating(read);
}

const deepest = 20;

/** One that ended in order has counted its own tasks. The others are asked one by one. */
async function sumUp(client: Client, taskId: string, depth = 0): Promise<Spent> {
  const described = await describe(client, taskId);
  if (!described || depth > deepest) return noSpent;
  const { envelope, state } = readMemos(described);
  if (envelope?.spent) return envelope.spent;
  const report = await askTask(client, taskId, "status");
  const usage = report?.usage ?? envelope?.usage ?? state?.usage;
  const turns = report?.turn ?? state?.turn ?? 0;
  let spent = usage ? { turns, usd: usage.usd ?? 0, usage } : noSpent;
  for (const child of await childrenOf(client, described, "all")) {
    spent = addSpent(spent, await sumUp(client, child, depth + 1));
  }
  return spent;
}
