// What it costs that calls under way can be cancelled.
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchWorld, inBenchWorld } from "../support/bench-world.ts";
import type { Journal } from "../support/journal.ts";
import { checkProc, coresOf } from "../support/process-load.ts";
import { median, type Row } from "../support/row.ts";
import type { Pair, Side, Talk } from "../support/side.ts";
import { supervisor, supervisorStarts, task } from "./rules.ts";

const talks = 15;
const tasks = 20;
const calls = talks * tasks;
/** Longer than all that is measured meanwhile. */
const answerMs = 120_000;
const watchMs = 10_000;

export const beats: Row = {
  about: `what ${calls} model calls under way take of server and worker, and of a message's time`,
  rounds: 20,
  async measure(rounds) {
    checkProc();
    const options = {
      rules: [
        { when: { ...supervisor, lastUser: "^chat" }, reply: { text: "Heard." } },
        ...supervisorStarts(tasks),
        { when: task, reply: { text: "Done.", delayMs: answerMs } },
      ],
      env: { BOSUN_MODEL_SLOTS: `${calls}` },
      slots: calls + talks,
    };
    // A world for each side, so that nothing of one runs on while the other is measured.
    const load = async (name: "bare" | "bosun") =>
      await inBenchWorld(options, (world) => measureLoad(world, world.sides[name], rounds));
    const bare = await load("bare");
    const bosun = await load("bosun");
    const pair = (of: keyof Load): Pair => ({ bare: bare[of], bosun: bosun[of] });
    return [
      { what: `server with ${calls} calls`, unit: "cores", digits: 2, ...pair("server") },
      { what: `worker with ${calls} calls`, unit: "cores", digits: 2, ...pair("worker") },
      { what: `a message beside ${calls} calls`, unit: "ms", ...pair("messageMs") },
    ];
  },
};

interface Load {
  readonly server: number;
  readonly worker: number;
  readonly messageMs: number;
}

async function measureLoad(world: BenchWorld, side: Side, rounds: number): Promise<Load> {
  const { journal, serverPid } = world;
  const chat = await side.open();
  await askOnce(journal, chat, "chat first");
  const open = await Promise.all(Array.from({ length: talks }, () => side.open()));
  await Promise.all(open.map((talk) => talk.say("go")));
  await untilUnderWay(journal);
  const [server = Number.NaN, worker = Number.NaN] = await coresOf([serverPid, side.pid], watchMs);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push(await askOnce(journal, chat, `chat ${round}.`));
  }
  return { server, worker, messageMs: median(times) };
}

async function untilUnderWay(journal: Journal): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    await sleep(1_000);
    const open = (await journal.read("part ")).filter(({ endedAt }) => endedAt === Infinity);
    if (open.length >= calls) return;
  }
  throw new Error(`${calls} calls were never under way at once.`);
}

async function askOnce(journal: Journal, chat: Talk, text: string): Promise<number> {
  const at = Date.now();
  await chat.say(text);
  for (let tries = 0; tries < 100; tries += 1) {
    await sleep(200);
    const [first] = await journal.read(text);
    if (first && first.endedAt < Infinity) return first.startedAt - at;
  }
  throw new Error("The message was not answered.");
}
