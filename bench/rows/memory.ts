// What a worker holds in memory while tasks wait.
import { setTimeout as sleep } from "node:timers/promises";
import { inBenchWorld } from "../support/bench-world.ts";
import { ofTasks } from "../support/journal.ts";
import { checkProc, residentMb } from "../support/process-load.ts";
import { inRounds, medians, type Row } from "../support/row.ts";
import { onBoth, type Pair } from "../support/side.ts";
import { supervisorStarts, task } from "./rules.ts";

const talks = 10;
const tasks = 20;
/** For what is thrown away to be given back. */
const restMs = 5_000;

export const memory: Row = {
  about: `memory of the worker process while ${talks * tasks} tasks wait`,
  rounds: 3,
  async measure(rounds) {
    checkProc();
    const measured = await inRounds({ warmUps: 0, rounds }, measureOnce);
    return [
      {
        what: "worker without a task",
        unit: "MB",
        ...medians(measured.map(({ empty }) => empty)),
      },
      {
        what: `worker with ${talks * tasks} waiting tasks`,
        unit: "MB",
        ...medians(measured.map(({ full }) => full)),
        goal: { of: "bosun", is: "at most", limit: 400 },
      },
    ];
  },
};

/** On workers that have done nothing before. */
async function measureOnce(): Promise<{ empty: Pair; full: Pair }> {
  const wait = [{ name: "wait_for_event", input: { name: "go-ahead", timeout_minutes: 60 } }];
  const rules = [...supervisorStarts(tasks), { when: task, reply: { toolCalls: wait } }];
  return await inBenchWorld({ rules }, async ({ sides, journal }) => {
    await sleep(restMs);
    const empty = await onBoth(sides, async ({ pid }) => residentMb(pid));
    const full = await onBoth(sides, async (side) => {
      await journal.clear();
      const open = await Promise.all(Array.from({ length: talks }, () => side.open()));
      await Promise.all(open.map((talk) => talk.say("go")));
      await journal.settled((all) => ofTasks(all).length === talks * tasks);
      await sleep(restMs);
      return residentMb(side.pid);
    });
    return { empty, full };
  });
}
