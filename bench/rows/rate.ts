// How many small tasks end in a second.
import { type BenchWorld, inBenchWorld } from "../support/bench-world.ts";
import { ofTasks, spanOf } from "../support/journal.ts";
import { medians, type Row } from "../support/row.ts";
import { onBoth, type Pair, type Side } from "../support/side.ts";
import { supervisorStarts, taskWith } from "./rules.ts";

/** As many tasks each as run at once by default. */
const talks = 5;
const tasks = 20;
const toolCalls = 2;

export const rate: Row = {
  about: `tasks of ${toolCalls + 1} model and ${toolCalls} tool calls a second, ${talks * tasks} at once`,
  rounds: 5,
  async measure(rounds) {
    const rules = [...supervisorStarts(tasks), ...taskWith(toolCalls)];
    const pairs = await inBenchWorld({ rules }, async (world) => {
      const measured: Pair[] = [];
      for (let round = -1; round < rounds; round += 1) {
        const pair = await onBoth(world.sides, (side) => runAll(world, side));
        if (round >= 0) measured.push(pair);
      }
      return measured;
    });
    return [
      {
        what: "small tasks a second",
        unit: "",
        digits: 1,
        ...medians(pairs),
        goal: { of: "ratio", is: "at least", limit: 0.85 },
      },
    ];
  },
};

async function runAll({ journal }: BenchWorld, side: Side): Promise<number> {
  await journal.clear();
  const open = await Promise.all(Array.from({ length: talks }, () => side.open()));
  await Promise.all(open.map((talk) => talk.say("go")));
  const count = talks * tasks;
  const calls = await journal.settled((all) => ofTasks(all).length === count * (toolCalls + 1));
  await Promise.all(open.map((talk) => talk.end()));
  return count / (spanOf(calls) / 1_000);
}
