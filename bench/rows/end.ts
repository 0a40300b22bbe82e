// How long a supervisor takes to hear of an end.
import { type BenchWorld, inBenchWorld } from "../support/bench-world.ts";
import { inRounds, medians, type Row } from "../support/row.ts";
import { onBoth, openBoth, type Pair, type Talk } from "../support/side.ts";
import { supervisorStarts, taskWith } from "./rules.ts";

/** So late that the supervisor rests when the task ends. */
const answerMs = 800;

export const end: Row = {
  about: "the end of a task's last model call until its supervisor's next request arrives",
  rounds: 10,
  async measure(rounds) {
    const plain = await measureEnds(rounds, 0);
    const reading = await measureEnds(rounds, 1);
    return [
      {
        what: "the end of a task until its supervisor's request",
        unit: "ms",
        ...medians(plain),
        goal: { of: "bosun", is: "at most", limit: 60 },
      },
      { what: "the same for a task that used files", unit: "ms", ...medians(reading) },
    ];
  },
};

async function measureEnds(rounds: number, toolCalls: number): Promise<readonly Pair[]> {
  const rules = [...supervisorStarts(1), ...taskWith(toolCalls, { delayMs: answerMs })];
  return await inBenchWorld({ rules }, async (world) => {
    const talks = await openBoth(world.sides);
    return await inRounds({ warmUps: 2, rounds }, () =>
      onBoth(world.sides, (_, name) => endOnce(world, talks[name], toolCalls + 1)),
    );
  });
}

/** Two requests of the supervisor begin the task, a third one hears of its end. */
async function endOnce({ journal }: BenchWorld, talk: Talk, turns: number): Promise<number> {
  await journal.clear();
  await talk.say("go");
  const calls = await journal.settled((all) => all.length === 3 + turns);
  const last = calls.findLast(({ agent }) => agent === "task");
  const heard = calls.findLast(({ agent }) => agent === "supervisor");
  return (heard?.startedAt ?? Number.NaN) - (last?.endedAt ?? Number.NaN);
}
