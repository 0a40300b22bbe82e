// When a transcript begins anew, and what survives it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Agent } from "../../workflows/agent/agent.ts";
import { toSnapshot } from "../../workflows/agent/snapshot.ts";
import { beginGeneration } from "../../workflows/transcript/transcript.ts";
import { fakeAgent } from "../support/fake-agent.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MAX_TRANSCRIPT_BYTES: "20000" } });
});
afterAll(() => world.close());

test("a transcript above its cap goes on from a digest that keeps the open tasks and their ids", async () => {
  await world.model.script("full", [
    {
      when: { lastUser: "^go full" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "full-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "go full", lastUser: "^fill" },
      reply: { text: "filled", textBytes: 25_000 },
    },
    // No summary: a digest takes its place.
    {
      when: { system: "^# supervisor", anyUser: "go full", lastUser: "^Summarize" },
      reply: { text: "" },
    },
    {
      when: { system: "^# supervisor", anyUser: "go full", lastUser: "new_transcript.*check it" },
      reply: { text: "Begun anew with {{event:new_transcript:open_tasks.0.task_id}}" },
    },
    {
      when: { system: "^# supervisor", anyUser: "go full", lastUser: "task_ended" },
      reply: { text: "Ended {{event:task_ended:task_id}}" },
    },
    { when: { system: "^# supervisor", anyUser: "go full" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "full-task" },
      reply: { text: "Done.", until: "full" },
    },
  ]);
  const supervisor = await world.start("go full");
  await untilReply(supervisor, "Heard");
  const [task] = await until("the task", async () => {
    const all = await supervisor.tasks();
    return all.length > 0 && all;
  });
  await supervisor.ask("fill it");
  expect(await supervisor.ask("check it")).toBe(`Begun anew with ${task?.taskId}`);
  expect((await supervisor.transcript()).generation).toBe(2);
  await world.model.release("full");
  expect(await untilReply(supervisor, "^Ended")).toBe(`Ended ${task?.taskId}`);
  await supervisor.end();
});

test("a supervisor begun on another backend goes on from a digest", async () => {
  const moved = await openWorld({ env: { BOSUN_BACKEND: "api.example" }, workers: false });
  try {
    await moved.model.script("moved", [
      { when: { lastUser: "^moved-1" }, reply: { text: "first" } },
      { when: { anyUser: "moved-2" }, reply: { text: "second" } },
    ]);
    const before = await moved.startWorkers();
    const supervisor = await moved.start();
    expect(await supervisor.ask("moved-1")).toBe("first");
    before.stop();
    await before.done;
    await moved.startWorkers({ BOSUN_BACKEND: "scripted" });
    expect(await supervisor.ask("moved-2")).toBe("second");
    const { generation, messages } = await supervisor.transcript();
    expect(generation).toBe(2);
    expect(JSON.stringify(messages[0])).toContain("BackendChanged");
    await supervisor.end();
  } finally {
    await moved.close();
  }
});

test("a supervisor that is to use another model goes on from a digest", async () => {
  const rolling = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  try {
    await rolling.model.script("switch", [
      {
        when: { model: "sonnet", lastUser: "new_transcript.*switch-1.*switch-2" },
        reply: { text: "second, by another" },
      },
      { when: { anyUser: "switch-1" }, reply: { text: "first" } },
    ]);
    const supervisor = await rolling.start();
    const { workflow } = rolling.bosun.client;
    const first = (await workflow.getHandle(supervisor.id).describe()).runId;
    expect(await supervisor.ask("switch-1")).toBe("first");
    await until("the next run", async () => {
      const { runId } = await workflow.getHandle(supervisor.id).describe();
      return runId !== first;
    });
    const { events } = await workflow.getHandle(supervisor.id).fetchHistory();
    const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const carried = JSON.parse(new TextDecoder().decode(payload?.data ?? undefined));
    await supervisor.end();
    // The same conversation, as a run with other settings begins it.
    const settings = { ...carried.settings, supervisorModel: "claude-sonnet-5-5" };
    const { taskQueue } = await workflow.getHandle(supervisor.id).describe();
    const workflowId = `${supervisor.id}-again`;
    await workflow.start("supervisor", { workflowId, taskQueue, args: [{ ...carried, settings }] });
    const again = rolling.bosun.supervisor(workflowId);
    expect(await again.ask("switch-2")).toBe("second, by another");
    const { entries } = await again.feed();
    expect(
      entries.flatMap(({ event }) => (event.type === "generation" ? [event.text] : [])),
    ).toEqual([
      expect.stringMatching(/digest \(model_changed: claude-opus-5-5 answered.*claude-sonnet-5-5/),
    ]);
    await again.end();
  } finally {
    await rolling.close();
  }
});

describe("before a roll, an open turn counts as transcript", () => {
  const call = { type: "tool_use" as const, id: "call-1", name: "read_file", input: {} };
  /** Waits for a person with one call of two, below the cap by itself. */
  const withOpenTurn = (bytes: number): Agent => {
    const messages = [
      { role: "user" as const, content: [{ type: "text" as const, text: "x".repeat(500_000) }] },
      { role: "assistant" as const, content: [call, { ...call, id: "call-2" }] },
    ];
    const generation = beginGeneration(1, "scripted", "m", messages);
    const answered = { text: "y".repeat(bytes), isError: false, label: "" };
    const openCalls = [call, { ...call, id: "call-2" }];
    return fakeAgent({ generation, openCalls, answers: { "call-1": answered }, due: true });
  };

  test("and goes into the digest with it when both are too large", () => {
    const agent = withOpenTurn(250_000);
    toSnapshot(agent);
    const { generation, openCalls, owed, answers, due } = agent.state;
    expect({ number: generation.number, openCalls, owed, answers, due }).toEqual({
      number: 2,
      openCalls: [],
      owed: [],
      answers: {},
      due: true,
    });
    const texts = generation.messages[0]?.content.map((block) =>
      block.type === "text" ? block.text : "",
    );
    expect(texts?.[1]).toMatch(/^\[tool result\] y+/);
    expect(texts?.[2]).toContain("Ask again");
  });

  test("and travels open when there is room", () => {
    const agent = withOpenTurn(15_000);
    toSnapshot(agent);
    expect(agent.state.generation.number).toBe(1);
    expect(agent.state.openCalls).toHaveLength(2);
  });
});
