// A full transcript goes on from the model's summary.
import { writeFile } from "node:fs/promises";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { noUsage } from "../../protocol/turn.ts";
import { toCompactTokens } from "../../protocol/models.ts";
import {
  append,
  beginGeneration,
  measure,
  tokensOf,
  toUserMessage,
} from "../../workflows/transcript/transcript.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

const asked = "^Summarize the conversation so far";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MAX_TRANSCRIPT_BYTES: "40000" } });
});
afterAll(() => world.close());

/** Answers a summary with its words, `fill` with 45 KB, and everything else with a word. */
const talking = (mark: string, summary: Rule["reply"]): readonly Rule[] => [
  { when: { system: "^# supervisor", anyUser: mark, lastUser: asked }, reply: summary },
  {
    when: { system: "^# supervisor", anyUser: mark, lastUser: "^fill" },
    reply: { text: "Filled.", textBytes: 45_000 },
  },
];

const generations = async (supervisor: SupervisorHandle): Promise<readonly string[]> =>
  (await supervisor.feed()).entries.flatMap(({ event }) =>
    event.type === "generation" ? [event.text] : [],
  );

const firstText = async (supervisor: SupervisorHandle): Promise<string> => {
  const { messages } = await supervisor.transcript();
  return JSON.stringify(messages[0]);
};

const summaries = async (mark: string): Promise<number> =>
  (await world.model.journal(mark)).filter(({ request }) =>
    JSON.stringify(request.messages.at(-1)).includes("Summarize the conversation so far"),
  ).length;

/** Names of the model's activities, in the order in which Temporal's Web UI shows them. */
async function modelCalls(of: World, workflowId: string): Promise<readonly string[]> {
  const { events } = await of.bosun.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
      scheduled?.activityType?.name === "callModel"
        ? [String(JSON.parse(new TextDecoder().decode(userMetadata?.summary?.data ?? undefined)))]
        : [],
  );
}

test("the new generation is one message: the summary, open tasks by id, and what is unanswered", async () => {
  await world.model.script("cp-a", [
    ...talking("cp-a", { text: "Told again: cp-a wants it filled." }),
    {
      when: { lastUser: "^go cp-a" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "cp-a-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", lastUser: "new_transcript.*Told again: cp-a.*check cp-a" },
      reply: { text: "Open: {{event:new_transcript:open_tasks.0.task_id}}" },
    },
    {
      when: { system: "^# supervisor", anyUser: "cp-a", lastUser: "task_ended" },
      reply: { text: "Ended {{event:task_ended:task_id}}" },
    },
    { when: { system: "^# supervisor", anyUser: "go cp-a" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "cp-a-task" },
      reply: { text: "Done.", until: "cp-a" },
    },
  ]);
  const supervisor = await world.start("go cp-a");
  await untilReply(supervisor, "Heard");
  const [task] = await until("the task", async () => {
    const all = await supervisor.tasks();
    return all.length > 0 && all;
  });
  await supervisor.ask("fill cp-a");
  const before = (await supervisor.status()).usage.calls;
  expect(await supervisor.ask("check cp-a")).toBe(`Open: ${task?.taskId}`);
  const { generation, messages } = await supervisor.transcript();
  expect({ generation, count: messages.length }).toEqual({ generation: 2, count: 2 });
  expect(messages[0]?.content.map((block) => block.type === "text" && block.text)).toEqual([
    expect.stringContaining("Told again: cp-a wants it filled."),
    "check cp-a",
  ]);
  // Its usage counts, a turn it is not.
  expect(await supervisor.status()).toMatchObject({
    turn: before + 1,
    usage: { calls: before + 2 },
  });
  expect(await generations(supervisor)).toEqual([
    expect.stringMatching(/the model's summary: it held \d+ bytes, and 40000 is the most/),
  ]);
  expect(await modelCalls(world, supervisor.id)).toContain("summary of 7 messages");
  await world.model.release("cp-a");
  expect(await untilReply(supervisor, "^Ended")).toBe(`Ended ${task?.taskId}`);
  await supervisor.end();
  const handle = world.bosun.client.workflow.getHandle(supervisor.id);
  await handle.result();
  const workflowBundle = { code: inject("bundle") };
  const replay = Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
  await expect(replay).resolves.toBeUndefined();
});

test("no call and its result are torn apart, and the results since stay whole", async () => {
  await writeFile(`${world.workspace}/long.txt`, "cp-b-line of a file\n".repeat(600));
  await world.model.script("cp-b", [
    ...talking("cp-b", { text: "Told again: cp-b." }),
    {
      when: { system: "^# supervisor", lastUser: "^cp-b" },
      reply: {
        text: "Reading.",
        textBytes: 39_000,
        toolCalls: [{ name: "read_file", input: { path: "long.txt" } }],
      },
    },
    {
      when: { lastUser: "Told again: cp-b.*\\[tool result\\].*cp-b-line of a file" },
      reply: { text: "Read to its end." },
    },
  ]);
  const supervisor = await world.start();
  expect(await supervisor.ask("cp-b")).toBe("Read to its end.");
  const statuses = (await world.model.journal("cp-b")).map(({ outcome }) => outcome.status);
  expect(statuses).toEqual([200, 200, 200]);
  await supervisor.end();
});

describe("a digest takes the summary's place", () => {
  test.each<[string, string, object | undefined, Rule["reply"], number, RegExp]>([
    ["the model is overloaded", "cp-529", { type: "overloaded" }, {}, 3, /overloaded/i],
    ["it declines", "cp-refuse", { type: "refusal" }, {}, 1, /declined/],
    ["it says nothing", "cp-empty", { type: "empty_end_turn" }, {}, 1, /empty/],
    [
      "it is cut off",
      "cp-cut",
      undefined,
      { text: "Half a", stopReason: "max_tokens" },
      1,
      /cut off/,
    ],
    ["the request is refused", "cp-400", { type: "too_large" }, {}, 1, /no summary/],
    ["a spend limit stops it", "cp-quota", { type: "spend_limit" }, {}, 1, /no summary/],
  ])("when %s", async (_, mark, fault, summary, attempts, why) => {
    await world.model.script(mark, [
      ...talking(mark, { text: "Told again.", ...summary }),
      { when: { lastUser: `new_transcript.*${mark}` }, reply: { text: `Begun anew ${mark}` } },
      { when: { anyUser: mark }, reply: { text: "Heard." } },
    ]);
    const supervisor = await world.start();
    await supervisor.ask(`${mark} fill`);
    await supervisor.ask(`fill ${mark}`);
    if (fault)
      await world.model.fault({ fault, times: attempts, when: { anyUser: mark, lastUser: asked } });
    expect(await supervisor.ask(`on ${mark}`)).toBe(`Begun anew ${mark}`);
    expect(await summaries(mark)).toBe(attempts);
    const told = await generations(supervisor);
    expect(told).toEqual([expect.stringMatching(/from a digest \(transcript_full: it held/)]);
    expect(told[0]).toMatch(why);
    const { entries } = await supervisor.feed();
    expect(entries.filter(({ event }) => event.type === "trouble")).toEqual([]);
    await supervisor.end();
  });
});

test("a task that ends during the summary is told once", async () => {
  await world.model.script("cp-c", [
    ...talking("cp-c", { text: "Told again: cp-c.", until: "cp-c" }),
    {
      when: { lastUser: "^go cp-c" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "cp-c-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "cp-c" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "cp-c-task", unlessAnyUser: "cp-c-finish" },
      reply: { text: "Never.", until: "never" },
    },
    { when: { system: "^# researcher", anyUser: "cp-c-finish" }, reply: { text: "Finished." } },
  ]);
  const supervisor = await world.start("go cp-c");
  await untilReply(supervisor, "Heard");
  const [task] = await until("the task", async () => {
    const all = await supervisor.tasks();
    return all.length > 0 && all;
  });
  await supervisor.ask("fill cp-c");
  const asking = supervisor.ask("on cp-c");
  await until("the summary asked for", async () => (await summaries("cp-c")) > 0);
  await supervisor.task(task!.taskId).steer("cp-c-finish", "now");
  await untilFeed(
    supervisor,
    ({ event }) => event.type === "task" && event.phase.status === "completed",
  );
  expect(await generations(supervisor)).toEqual([]);
  await world.model.release("cp-c");
  await asking;
  await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
  const { generation, messages } = await supervisor.transcript();
  expect(generation).toBe(2);
  const told = JSON.stringify(messages);
  expect(told.split(task!.taskId)).toHaveLength(2);
  expect(told).toContain("task_ended");
  await supervisor.end();
});

test("a note for now breaks the summary off, and enters before it is asked for again", async () => {
  await world.model.script("cp-d", [
    {
      when: { system: "^# researcher", anyUser: "cp-d-note", lastUser: asked },
      reply: { text: "Told again with the note." },
    },
    {
      when: { system: "^# researcher", anyUser: "cp-d-task", lastUser: asked },
      reply: { text: "Told again too late.", until: "never" },
    },
    {
      when: { lastUser: "^go cp-d" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "cp-d-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "cp-d" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", lastUser: "with the note.*cp-d-note" },
      reply: { text: "Followed the note." },
    },
    {
      when: { system: "^# researcher", anyUser: "cp-d-task" },
      reply: { text: "Long.", textBytes: 45_000, toolCalls: [{ name: "list_files" }] },
    },
  ]);
  const supervisor = await world.start("go cp-d");
  await until("the summary asked for", async () => (await summaries("cp-d-task")) > 0);
  const task = await until("the task", async () => (await supervisor.tasks())[0]);
  await supervisor.task(task.taskId).steer("cp-d-note", "now");
  const ended = await until("its end", async () => {
    const [view] = await supervisor.tasks();
    return view?.endedAt ? view : undefined;
  });
  expect(ended).toMatchObject({ status: "completed", result: { summary: "Followed the note." } });
  await supervisor.end();
});

test("a task cancelled while it is summed up ends as cancelled", async () => {
  await world.model.script("cp-e", [
    {
      when: { system: "^# researcher", anyUser: "cp-e-task", lastUser: asked },
      reply: { text: "Too late.", until: "never" },
    },
    {
      when: { lastUser: "^go cp-e" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "cp-e-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "cp-e" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "cp-e-task" },
      reply: { text: "Long.", textBytes: 45_000, toolCalls: [{ name: "list_files" }] },
    },
  ]);
  const supervisor = await world.start("go cp-e");
  await until("the summary asked for", async () => (await summaries("cp-e-task")) > 0);
  const task = await until("the task", async () => (await supervisor.tasks())[0]);
  await supervisor.task(task.taskId).cancel("enough");
  const ended = await until("its end", async () => {
    const [view] = await supervisor.tasks();
    return view?.endedAt ? view : undefined;
  });
  expect(ended).toMatchObject({ status: "cancelled", result: { partial: true } });
  await supervisor.end();
});

test("a generation that is full from its beginning is not begun again and again", async () => {
  const tight = await openWorld({ env: { BOSUN_COMPACT_TOKENS: "4000" } });
  try {
    await tight.model.script("cp-f", [
      {
        when: { anyUser: "cp-f", lastUser: asked },
        reply: { text: "Told again: cp-f.", textBytes: 6_000 },
      },
      { when: { lastUser: "cp-f fill" }, reply: { text: "Filled.", textBytes: 8_000 } },
      { when: { anyUser: "cp-f" }, reply: { text: "Heard." } },
    ]);
    const supervisor = await tight.start();
    await supervisor.ask("cp-f fill");
    for (let index = 0; index < 4; index += 1) await supervisor.ask(`on ${index}`);
    const told = await generations(supervisor);
    expect(told).toEqual([expect.stringMatching(/it held about \d+ tokens, and 4000 is the most/)]);
    expect((await supervisor.transcript()).generation).toBe(2);
    await supervisor.end();
  } finally {
    await tight.close();
  }
});

test("a roll right after it carries the new generation", async () => {
  const rolling = await openWorld({
    env: { BOSUN_MAX_TRANSCRIPT_BYTES: "40000", BOSUN_ROLL_AFTER_TURNS: "1" },
  });
  try {
    await rolling.model.script("cp-g", [
      ...talking("cp-g", { text: "Told again: cp-g." }),
      {
        when: { anyUser: "cp-g", lastUser: "^long cp-g" },
        reply: { text: "Long.", textBytes: 45_000, toolCalls: [{ name: "list_files" }] },
      },
      { when: { lastUser: "Told again: cp-g" }, reply: { text: "Carried." } },
    ]);
    const supervisor = await rolling.start();
    const handle = rolling.bosun.client.workflow.getHandle(supervisor.id);
    const first = (await handle.describe()).runId;
    expect(await supervisor.ask("long cp-g")).toBe("Carried.");
    expect((await handle.describe()).runId).not.toBe(first);
    const { generation } = await supervisor.transcript();
    expect(generation).toBe(2);
    expect(await generations(supervisor)).toHaveLength(1);
    await supervisor.end();
  } finally {
    await rolling.close();
  }
});

test("the scripted model's own summary hands on what a conversation began with, twice", async () => {
  const supervisor = await world.start();
  await supervisor.ask("cp-h says hello");
  for (const round of [1, 2]) {
    const size = JSON.stringify((await supervisor.transcript()).messages).length;
    await world.model.script(`cp-h-${round}`, [
      { when: { lastUser: `^fill cp-h-${round}` }, reply: { text: "x", textBytes: 45_000 } },
    ]);
    expect(size).toBeLessThan(40_000);
    await supervisor.ask(`fill cp-h-${round}`);
    await supervisor.ask("hello");
    expect((await supervisor.transcript()).generation).toBe(round + 1);
  }
  expect(await firstText(supervisor)).toContain("First message: cp-h says hello");
  expect(await generations(supervisor)).toHaveLength(2);
  await untilFeed(supervisor, ({ event }) => event.type === "generation");
  await supervisor.end();
});

const answer = (stopReason: string) => ({
  messageId: "m",
  requestId: null,
  model: "claude-opus-5-5",
  content: [{ type: "text" as const, text: "z".repeat(3_000) }],
  stopReason,
  usage: {
    ...noUsage,
    inputTokens: 10,
    cacheReadTokens: 200,
    cacheWriteTokens: 3_000,
    outputTokens: 40_000,
  },
});
const begun = beginGeneration(1, "scripted", "claude-opus-5-5", [toUserMessage([], ["hello"])]);

describe("the size in tokens", () => {
  test("is what the newest answer told, and a third of the bytes since", () => {
    const { content } = answer("end_turn");
    const kept = append(measure(begun, answer("end_turn")), { role: "assistant", content });
    expect(tokensOf(kept)).toBe(43_210);
    const more = append(kept, toUserMessage([], ["y".repeat(3_000)]));
    expect(tokensOf(more)).toBe(43_210 + Math.ceil((more.bytes - kept.bytes) / 3));
  });

  test("does not count an answer that was cut off, for it is not kept", () => {
    expect(tokensOf(measure(begun, answer("max_tokens")))).toBe(3_210);
  });

  test("is held against 80 % of the model's window, or of 200,000 where none is known", () => {
    expect(toCompactTokens("claude-opus-5-5")).toBe(800_000);
    expect(toCompactTokens("claude-unheard-of")).toBe(160_000);
  });
});
