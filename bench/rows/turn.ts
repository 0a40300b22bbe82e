// What one more turn costs in history.
import { inBenchWorld } from "../support/bench-world.ts";
import { ofTasks } from "../support/journal.ts";
import type { Row } from "../support/row.ts";
import type { Cost, Side } from "../support/side.ts";
import { supervisorStarts, taskWith } from "./rules.ts";

const few = 5;
const many = 25;
const textBytes = 2_000;

export const turn: Row = {
  about: `events and bytes of a task's turn with ${textBytes / 1_000} KB of answer and a tool call`,
  rounds: 1,
  async measure() {
    const short = await costsOf(few);
    const long = await costsOf(many);
    const each = (name: "bare" | "bosun", of: keyof Cost): number =>
      (long[name][of] - short[name][of]) / (many - few);
    const of = (key: keyof Cost) => ({ bare: each("bare", key), bosun: each("bosun", key) });
    return [
      { what: "events of a turn", unit: "", digits: 1, ...of("events") },
      { what: `bytes of a turn, between the ${few}th and the ${many}th`, unit: "", ...of("bytes") },
      {
        what: `bytes of a task of ${many} turns`,
        unit: "",
        bare: long.bare.bytes,
        bosun: long.bosun.bytes,
      },
    ];
  },
};

async function costsOf(turns: number) {
  const rules = [...supervisorStarts(1), ...taskWith(turns - 1, { textBytes })];
  return await inBenchWorld({ rules }, async ({ sides, journal }) => {
    const costOf = async (side: Side): Promise<Cost> => {
      await journal.clear();
      const talk = await side.open();
      await talk.say("go");
      await journal.settled((all) => ofTasks(all).length === turns);
      const [task = ""] = await talk.tasks();
      return await side.cost(task);
    };
    return { bare: await costOf(sides.bare), bosun: await costOf(sides.bosun) };
  });
}
