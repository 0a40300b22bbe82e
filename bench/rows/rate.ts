// How many small tasks end in a second, and what each takes.
import { type BenchWorld, inBenchWorld } from "../support/bench-world.ts";
import { ofTasks, spanOf } from "../support/journal.ts";
import { checkProc, secondsOf } from "../support/process-load.ts";
import { inRounds, medians, type Row } from "../support/row.ts";
import type { Side } from "../support/side.ts";
import { supervisorStarts, taskWith } from "./rules.ts";

/** As many tasks each as run at once by default. */
const talks = 5;
const tasks = 20;
const count = talks * tasks;
const toolCalls = 2;

export const rate: Row = {
  about: `tasks of ${toolCalls + 1} model and ${toolCalls} tool calls a second, ${count} at once`,
  rounds: 3,
  async measure(rounds) {
    checkProc();
    const rules = [...supervisorStarts(tasks), ...taskWith(toolCalls)];
    const measured = await inBenchWorld({ rules }, (world) =>
      inRounds({ warmUps: 1, rounds }, async () => ({
        bare: await runAll(world, world.sides.bare),
        bosun: await runAll(world, world.sides.bosun),
      })),
    );
    const of = (key: keyof Run) =>
      medians(measured.map(({ bare, bosun }) => ({ bare: bare[key], bosun: bosun[key] })));
    return [
      {
        what: "small tasks a second",
        unit: "",
        digits: 1,
        ...of("rate"),
        goal: { of: "ratio", is: "at least", limit: 0.85 },
      },
      { what: "processor time of the server for each", unit: "ms", ...of("serverMs") },
      { what: "processor time of the worker for each", unit: "ms", ...of("workerMs") },
    ];
  },
};

interface Run {
  readonly rate: number;
  readonly serverMs: number;
  readonly workerMs: number;
}

async function runAll({ journal, serverPid }: BenchWorld, side: Side): Promise<Run> {
  await journal.clear();
  const open = await Promise.all(Array.from({ length: talks }, () => side.open()));
  const before = { server: secondsOf(serverPid), worker: secondsOf(side.pid) };
  await Promise.all(open.map((talk) => talk.say("go")));
  const calls = await journal.settled((all) => ofTasks(all).length === count * (toolCalls + 1));
  const serverMs = ((secondsOf(serverPid) - before.server) * 1_000) / count;
  const workerMs = ((secondsOf(side.pid) - before.worker) * 1_000) / count;
  await Promise.all(open.map((talk) => talk.end()));
  return { rate: count / (spanOf(calls) / 1_000), serverMs, workerMs };
}
