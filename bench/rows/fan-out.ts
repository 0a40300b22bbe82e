// How well many tasks fill few slots.
import { inBenchWorld } from "../support/bench-world.ts";
import { ofTasks, spanOf } from "../support/journal.ts";
import { inRounds, medians, type Row } from "../support/row.ts";
import { onBoth, type Side } from "../support/side.ts";
import { supervisorStarts, taskWith } from "./rules.ts";

const tasks = 50;
const slots = 10;
const answerMs = 500;

export const fanOut: Row = {
  about: `${tasks} tasks of one call of ${answerMs / 1_000} s on ${slots} slots, first request to last answer`,
  rounds: 5,
  async measure(rounds) {
    const options = {
      rules: [...supervisorStarts(tasks), ...taskWith(0, { delayMs: answerMs })],
      env: { BOSUN_MODEL_SLOTS: `${slots}` },
      slots,
    };
    const pairs = await inBenchWorld(options, ({ sides, journal }) => {
      const runAll = async (side: Side): Promise<number> => {
        await journal.clear();
        const talk = await side.open();
        await talk.say("go");
        const calls = await journal.settled((all) => ofTasks(all).length === tasks);
        await talk.end();
        return spanOf(calls) / 1_000;
      };
      return inRounds({ warmUps: 1, rounds }, () => onBoth(sides, runAll));
    });
    return [
      {
        what: `${tasks} calls of ${answerMs / 1_000} s on ${slots} slots`,
        unit: "s",
        digits: 2,
        ...medians(pairs),
        goal: { of: "bosun", is: "at most", limit: 3.3 },
      },
    ];
  },
};
