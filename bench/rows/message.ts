// How long a person's message takes to the model.
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchWorld, inBenchWorld } from "../support/bench-world.ts";
import { inRounds, medians, type Row } from "../support/row.ts";
import { onBoth, openBoth, type Talk } from "../support/side.ts";
import { supervisorStarts } from "./rules.ts";

export const message: Row = {
  about: "a person's message until its model request arrives",
  rounds: 20,
  async measure(rounds) {
    const pairs = await inBenchWorld({ rules: supervisorStarts(0) }, async (world) => {
      const talks = await openBoth(world.sides);
      return await inRounds({ warmUps: 3, rounds }, () =>
        onBoth(world.sides, (_, name) => askOnce(world, talks[name])),
      );
    });
    return [
      {
        what: "a message until its model request",
        unit: "ms",
        ...medians(pairs),
        goal: { of: "bosun", is: "at most", limit: 40 },
      },
    ];
  },
};

const restMs = 100;

async function askOnce({ journal }: BenchWorld, talk: Talk): Promise<number> {
  await journal.clear();
  await sleep(restMs);
  const at = Date.now();
  await talk.say("What is there?");
  const [first] = await journal.settled((calls) => calls.length === 1);
  return (first?.startedAt ?? Number.NaN) - at;
}
