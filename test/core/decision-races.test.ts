// Decisions and notes in the worst moments.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Bosun,
  type DecisionTaken,
  RequestError,
  type SupervisorHandle,
  type TaskHandle,
} from "../../client/index.ts";
import { addCarefulAgent, exists } from "../support/careful-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

/** An answer takes so long, and what comes at its end comes about so much before or after it. */
const answerMs = 2_000;
const around = (): number => Math.random() * 160 - 20;

const atOnce = 10;

interface Raced {
  readonly task: TaskHandle;
  /** The number in its description. */
  readonly part: string;
}

/** A supervisor with many tasks, each with a number. */
async function begin(
  world: World,
  mark: string,
  agent: string,
  rules: readonly Rule[],
): Promise<{ readonly supervisor: SupervisorHandle; readonly raced: readonly Raced[] }> {
  const toolCalls = Array.from({ length: atOnce }, (_, part) => ({
    name: "start_async_task",
    input: { description: `${mark}-task ${part}`, subagent_type: agent },
  }));
  await world.model.script(mark, [
    { when: { lastUser: `^go ${mark}$` }, reply: { toolCalls } },
    { when: { system: "^# supervisor", anyUser: `^go ${mark}$` }, reply: { text: "Heard." } },
    ...rules,
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const tasks = await until("all tasks", async () => {
    const all = await supervisor.tasks();
    return all.length === atOnce && all;
  });
  const raced = tasks.map(({ taskId, description }) => ({
    task: supervisor.task(taskId),
    part: description.replace(`${mark}-task `, ""),
  }));
  return { supervisor, raced };
}

/** A task that asks to write a file with its number, then ends. */
const asking = (mark: string): readonly Rule[] => [
  {
    when: { system: "^# careful", lastUser: `^${mark}-task (\\d+)` },
    reply: {
      toolCalls: [{ name: "write_file", input: { path: `${mark}-{{match:1}}.txt`, content: "x" } }],
    },
  },
  { when: { system: "^# careful", anyUser: `^${mark}-task` }, reply: { text: "Done." } },
];

const untilAsked = (task: TaskHandle) =>
  until("a request", async () => (await task.view()).requests?.[0]?.requestId);

const moment = (most: number) => sleep(Math.random() * most);

/** What became of a call that may be refused. */
async function orRefused<Answer>(call: Promise<Answer>): Promise<Answer | RequestError> {
  return await call.catch((error: unknown) => {
    if (error instanceof RequestError) return error;
    throw error;
  });
}

/** A worker has taken it, and said what became of it. */
const isSettled = (one: DecisionTaken | RequestError): one is DecisionTaken =>
  !(one instanceof RequestError) && one.settled !== undefined;

const wordsOf = (one: DecisionTaken | RequestError): string =>
  one instanceof RequestError ? one.message : one.stored;

/** Every call of a task has one answer, whatever came between. */
async function expectWhole(task: TaskHandle): Promise<void> {
  const { messages } = await until("its transcript", () => task.transcript());
  const blocks = messages.flatMap(({ content }) => content);
  const calls = blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
  const results = blocks.flatMap((block) =>
    block.type === "tool_result" ? [block.tool_use_id] : [],
  );
  expect(results).toEqual(calls);
}

const kinds = [
  ["20 times", 2, {}],
  ["10 times with a roll after each turn", 1, { BOSUN_ROLL_AFTER_TURNS: "1" }],
] as const;

describe.each(kinds)("%s", (kind, rounds, env) => {
  let world: World;
  /** A person at another terminal. */
  let other: Bosun;
  beforeAll(async () => {
    world = await openWorld({ env });
    other = await world.connect();
    await addCarefulAgent(world.workspace);
  });
  afterAll(async () => {
    await other.close();
    await world.close();
  });
  const tag = rounds === 1 ? "roll" : "run";

  test("of two contrary decisions in the same moment one counts, and the other hears which", async () => {
    const won = { approve: 0, deny: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const mark = `race-${tag}-a${round}`;
      const { supervisor, raced } = await begin(world, mark, "careful", asking(mark));
      const race = async ({ task, part }: Raced): Promise<void> => {
        const requestId = await untilAsked(task);
        const [ann, bob] = await Promise.all([
          moment(6).then(() => orRefused(task.decide(requestId, { type: "approve" }, "ann"))),
          moment(6).then(() =>
            orRefused(other.task(task.id).decide(requestId, { type: "deny", reason: "no" }, "bob")),
          ),
        ]);
        const winners = [ann, bob].filter(isSettled);
        expect(winners).toMatchObject([{ known: false }]);
        const { settled } = winners[0]!;
        const isApproved = settled?.outcome === "approve";
        won[isApproved ? "approve" : "deny"] += 1;
        expect(settled?.by).toBe(isApproved ? "ann" : "bob");
        const loser = isApproved ? bob : ann;
        // On a busy machine a decision may be left for the worker, which then finds it over.
        expect(wordsOf(loser)).toMatch(
          /approved by ann|denied by bob|already completed|^signalled/,
        );
        expect(await task.ended()).toMatchObject({ status: "completed" });
        expect(await exists(world, `${mark}-${part}.txt`)).toBe(isApproved);
        await expectWhole(task);
      };
      await Promise.all(raced.map(race));
      await supervisor.end();
    }
    console.log(`contrary decisions, ${kind}: ${JSON.stringify(won)}`);
  }, 120_000);

  test("of two equal decisions in the same moment one counts, and the other is known", async () => {
    const mark = `race-${tag}-b`;
    const { supervisor, raced } = await begin(world, mark, "careful", asking(mark));
    const race = async ({ task, part }: Raced): Promise<void> => {
      const requestId = await untilAsked(task);
      const decisions = await Promise.all(
        [task, other.task(task.id)].map((handle, index) =>
          orRefused(handle.decide(requestId, { type: "approve" }, `person-${index}`)),
        ),
      );
      const taken = decisions.filter(isSettled);
      // One that comes when all is over hears that.
      const late = decisions.filter((one) => !isSettled(one)).map(wordsOf);
      expect(late.filter((words) => !/already completed|^signalled/.test(words))).toEqual([]);
      expect(taken.filter(({ known }) => !known)).toHaveLength(1);
      expect(new Set(taken.map(({ settled }) => settled?.by)).size).toBe(1);
      expect(await task.ended()).toMatchObject({
        status: "completed",
        result: { files: [`${mark}-${part}.txt`] },
      });
      await expectWhole(task);
    };
    await Promise.all(raced.map(race));
    await supervisor.end();
  }, 120_000);

  test("a decision that comes with a cancellation is carried out and told, or refused", async () => {
    const seen = { refused: 0, carriedOut: 0, tooLate: 0, completed: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const mark = `race-${tag}-c${round}`;
      const { supervisor, raced } = await begin(world, mark, "careful", asking(mark));
      const race = async ({ task, part }: Raced): Promise<void> => {
        const requestId = await untilAsked(task);
        // Every third is cancelled first: such a decision never counts.
        const isAfter = Number(part) % 3 === 0;
        const cancelled = isAfter
          ? task.cancel("enough")
          : moment(400).then(() => task.cancel("enough"));
        if (isAfter) await cancelled;
        await moment(isAfter ? 60 : 25);
        const decided = await orRefused(
          other.task(task.id).decide(requestId, { type: "approve" }, "ann"),
        );
        await cancelled;
        expect(isAfter && isSettled(decided)).toBe(false);
        const view = await task.ended();
        const isWritten = await exists(world, `${mark}-${part}.txt`);
        if (!isSettled(decided)) seen.refused += 1;
        else if (view.status === "completed") seen.completed += 1;
        else seen[isWritten ? "carriedOut" : "tooLate"] += 1;
        const refusal = isSettled(decided) ? "" : wordsOf(decided);
        expect(refusal).toMatch(
          /^$|withdrawn|asked to stop|already (cancelled|completed)|Nothing waits|^signalled/,
        );
        expect(isWritten && decided instanceof RequestError).toBe(false);
        expect(["completed", "cancelled"]).toContain(view.status);
        // What was done stands in what it leaves: nothing is written in silence.
        const { files, inDoubt } = view.result!;
        expect((files?.length ?? 0) + inDoubt.length > 0).toBe(isWritten);
        expect(view.requests).toBeUndefined();
        await expectWhole(task);
      };
      await Promise.all(raced.map(race));
      await until("all ends heard", async () => {
        const { entries } = await supervisor.feed();
        const ends = entries.filter(
          ({ event }) =>
            event.type === "task" && ["cancelled", "completed"].includes(event.phase.status),
        );
        return ends.length === atOnce;
      });
      await supervisor.end();
    }
    console.log(`decided while cancelled, ${kind}: ${JSON.stringify(seen)}`);
  }, 120_000);

  test("a note in the moment a task finishes is seen, told as unseen, or refused", async () => {
    const seen = { read: 0, unseen: 0, refused: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const mark = `race-${tag}-d${round}`;
      const { supervisor, raced } = await begin(world, mark, "careful", [
        {
          when: { system: "^# careful", anyUser: `^${mark}-task`, assistantTurns: 0 },
          reply: { text: "Done.", delayMs: answerMs },
        },
        { when: { system: "^# careful", anyUser: `^${mark}-task` }, reply: { text: "Done, too." } },
      ]);
      const race = async ({ task, part }: Raced): Promise<void> => {
        const call = await until(
          "its call",
          async () => (await world.model.journal(`${mark}-task ${part}`))[0],
        );
        const answered = Date.parse(call.startedAt) + answerMs;
        const accepted: string[] = [];
        const send = async (index: number): Promise<void> => {
          const noteId = `${task.id}-${index}`;
          await sleep(Math.max(0, answered - Date.now() + around()));
          const when = index === 0 ? "now" : "next_step";
          const note = { noteId, message: "more", when, from: "person" };
          await handle.signal("update_async_task", note).then(
            () => accepted.push(noteId),
            () => (seen.refused += 1),
          );
        };
        const handle = world.bosun.client.workflow.getHandle(task.id);
        await Promise.all([0, 1, 2].slice(Number(part) % 3).map(send));
        const { result, receipts } = await task.ended();
        const said = JSON.stringify(
          (await until("its transcript", () => task.transcript())).messages,
        );
        for (const noteId of accepted) {
          const isRead = said.includes(`[note ${noteId} `);
          const isUnseen = result!.unseen.includes(noteId);
          expect([noteId, isRead !== isUnseen]).toEqual([noteId, true]);
          seen[isRead ? "read" : "unseen"] += 1;
        }
        const read = accepted.filter((noteId) => said.includes(`[note ${noteId} `));
        expect(receipts.map((one) => one.noteId).toSorted()).toEqual(read.toSorted());
      };
      await Promise.all(raced.map(race));
      await supervisor.end();
    }
    console.log(`notes while finishing, ${kind}: ${JSON.stringify(seen)}`);
  }, 120_000);
});
