// When a model call asks its workflow for what has been said.
import { MockActivityEnvironment } from "@temporalio/testing";
import { DefaultLogger } from "@temporalio/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createPullTranscript,
  type PulledTranscript,
} from "../../activities/model/pull-transcript.ts";
import type { Message, TranscriptRef } from "../../protocol/turn.ts";
import { startCall, untilTasks } from "../support/lead-agent.ts";
import { newClient } from "../support/new-client.ts";
import { openWorld, until, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

interface Calls {
  /** What each of its four calls was told of the transcript. */
  readonly refs: readonly [TranscriptRef, TranscriptRef, TranscriptRef, TranscriptRef];
  readonly messages: readonly Message[];
}

/** A task whose fourth call is under way. Its second answer is long. */
async function taskInItsFourthCall(mark: string): Promise<Calls> {
  const ofTask = { system: "^# researcher", anyUser: `${mark}-task` };
  const toolCalls = [{ name: "list_files" }];
  await world.model.script(mark, [
    { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: [startCall(`${mark}-task`)] } },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    { when: { ...ofTask, maxAssistantTurns: 0 }, reply: { text: "Short.", toolCalls } },
    { when: { ...ofTask, maxAssistantTurns: 1 }, reply: { textBytes: 4_000, toolCalls } },
    { when: { ...ofTask, maxAssistantTurns: 2 }, reply: { text: "Short.", toolCalls } },
    { when: ofTask, reply: { text: "Done.", until: `end ${mark}` } },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  const [view] = await untilTasks(supervisor, 1);
  const task = supervisor.task(view!.taskId);
  const refs = await until("four calls", async () => {
    const known = await refsOf(task.id);
    return known.length === 4 ? known : undefined;
  });
  const { messages } = await task.transcript();
  return { refs: refs as unknown as Calls["refs"], messages };
}

async function refsOf(taskId: string): Promise<readonly TranscriptRef[]> {
  const { events } = await world.bosun.client.workflow.getHandle(taskId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled?.activityType?.name !== "callModel") return [];
    const data = scheduled.input?.payloads?.[0]?.data ?? new Uint8Array();
    const input = JSON.parse(Buffer.from(data).toString()) as {
      readonly transcript: TranscriptRef;
    };
    return [input.transcript];
  });
}

/** A worker that has made no call yet, and counts what it asks. */
function newWorker() {
  let asked = 0;
  const client = newClient(world, {
    query(input, next) {
      asked += 1;
      return next(input);
    },
  });
  const pull = createPullTranscript(client);
  return {
    asked: () => asked,
    /** In an attempt that was scheduled so many milliseconds ago. */
    pull: (ref: TranscriptRef, age = 0) =>
      new MockActivityEnvironment(
        { currentAttemptScheduledTimestampMs: Date.now() - age, heartbeatTimeoutMs: 30_000 },
        { logger: new DefaultLogger("ERROR") },
      ).run<[TranscriptRef], PulledTranscript, typeof pull>(pull, ref),
  };
}

test("a call asks for what its worker lacks, and for nothing where all is known or came along", async () => {
  const [one, other] = [await taskInItsFourthCall("pull-1"), await taskInItsFourthCall("pull-2")];
  expect(one.refs.map(({ upTo }) => upTo)).toEqual([1, 3, 5, 7]);
  expect(one.refs.map(({ tail }) => tail?.length)).toEqual([1, 2, undefined, 2]);

  const worker = newWorker();
  const [first, second, third, fourth] = one.refs;
  const { header, messages } = await worker.pull(other.refs[3]);
  expect(messages).toEqual(other.messages);
  expect(worker.asked()).toBe(1);
  // Another task of the same agent: what stands before its messages is known.
  expect(await worker.pull(first)).toEqual({ header, messages: one.messages.slice(0, 1) });
  expect(await worker.pull(second)).toEqual({ header, messages: one.messages.slice(0, 3) });
  expect(worker.asked()).toBe(1);
  // Too long to come along, and asked for it says that others went on.
  await expect(worker.pull(third)).rejects.toThrow("answered since");
  expect(worker.asked()).toBe(2);
  // It would come along, but not what is before it.
  expect(await worker.pull(fourth)).toEqual({ header, messages: one.messages });
  expect(worker.asked()).toBe(3);
  expect(await worker.pull(third)).toEqual({ header, messages: one.messages.slice(0, 5) });
  expect(worker.asked()).toBe(3);
});

test("a call that did not begin just now asks in any case: others may have answered it", async () => {
  const { refs, messages } = await taskInItsFourthCall("pull-late");
  const worker = newWorker();
  const [, second, , fourth] = refs;
  await worker.pull(fourth);
  expect((await worker.pull(second)).messages).toEqual(messages.slice(0, 3));
  expect(worker.asked()).toBe(1);
  // At most 10 s, at most half the time after which a silent attempt is given up.
  await expect(worker.pull(second, 11_000)).rejects.toThrow("answered since");
  // A server whose clock is ahead cannot be reckoned with.
  await expect(worker.pull(second, -5_000)).rejects.toThrow("answered since");
  expect(worker.asked()).toBe(3);
});
