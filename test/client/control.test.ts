// Work held, changed and repeated from the command line.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SupervisorHandle, TaskHandle, TaskView } from "../../client/index.ts";
import { runSlash } from "../../client/chat/slash.ts";
import { toPalette } from "../../client/screen/palette.ts";
import { delegating, startCall, untilTasks } from "../support/lead-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";
import { documentedBy } from "./documented-json.ts";
import { type Ran, runBosun } from "./terminal.ts";

let world: World;
beforeAll(async () => {
  // Tasks go in circles until a test has done with them, and that is no trouble here.
  const circles = { BOSUN_TROUBLE_REPEATS: "1000", BOSUN_TROUBLE_IDLE_TURNS: "1000" };
  world = await openWorld({ env: { ...circles, BOSUN_MODEL_HEARTBEAT_MS: "30000" } });
});
afterAll(() => world.close());

const bosun = (...args: readonly string[]): Promise<Ran> =>
  runBosun(args, { env: world.env, cwd: world.dir });

const documentedJson = documentedBy(bosun);

interface Begun {
  readonly supervisor: SupervisorHandle;
  readonly task: TaskHandle;
  /** The next turn of the task is its last one. */
  readonly finish: () => Promise<void>;
}

/** A supervisor with one task that takes a turn a second until it is told to finish. */
async function begin(mark: string): Promise<Begun> {
  const put = (reply: Rule["reply"]): Promise<void> =>
    world.model.script(mark, [
      { when: { lastUser: `^slow ${mark}` }, reply: { text: "Never.", delayMs: 250_000 } },
      { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply },
      ...delegating(mark, startCall(`${mark}-task`)),
    ]);
  await put({ toolCalls: [{ name: "list_files" }], delayMs: 1_000 });
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const [view] = await untilTasks(supervisor, 1);
  const task = supervisor.task(view!.taskId);
  return { supervisor, task, finish: () => put({ text: "Done." }) };
}

/** What the chat answers to a line. */
function chatWith(supervisor: SupervisorHandle, width = 80): (line: string) => Promise<string> {
  const place = {
    bosun: world.bosun,
    supervisor,
    frame: { width, now: new Date(), palette: toPalette(false) },
    leave: () => undefined,
  };
  return async (line) => (await runSlash(line, place)).join("\n");
}

const untilParked = (task: TaskHandle): Promise<TaskView> =>
  until("it parked", async () => {
    const view = await task.view();
    return view.waitingOn.includes("paused") && view;
  });

/** The second attempt, ended. Its workflow begins a moment after it was asked for. */
const untilSecond = (task: TaskHandle): Promise<TaskView> =>
  until("a second attempt", async () => {
    const view = await task.view();
    return view.attempt === 2 && view.endedAt !== null && view;
  });

describe("a task", () => {
  it("is paused and resumed, and every list says so", async () => {
    const { supervisor, task, finish } = await begin("ctl-pause");
    const asked = { id: task.id, requested: true, already: false };
    expect(await documentedJson("pause", task.id)).toEqual(asked);
    await untilParked(task);
    expect((await bosun("pause", task.id)).out).toMatch(/is paused already/);
    const listed = await until("it listed", async () => {
      const { tasks } = await documentedJson<{ tasks: TaskView[] }>("tasks", supervisor.id);
      return tasks[0]?.waitingOn.includes("paused") && tasks[0];
    });
    expect(listed.pausedAt).toMatch(/^20/);
    expect((await bosun("tasks", supervisor.id)).out).toContain("waiting: paused");
    const { task: checked } = await documentedJson<{ task: TaskView }>("check", task.id);
    expect(checked.pausedAt).toBe(listed.pausedAt);
    const shown = (await bosun("check", task.id)).out;
    expect(shown).toMatch(/waiting: paused/);
    expect(shown).toMatch(/paused +since 20/);
    expect((await bosun("steer", task.id, "a note")).out).toMatch(
      /It is paused and reads the note after: bosun resume/,
    );
    await finish();
    expect(await documentedJson("resume", task.id)).toEqual(asked);
    const resumed = await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.text === "It was resumed.",
    );
    expect(resumed.event).toMatchObject({ taskId: task.id, phase: { status: "running" } });
    expect((await task.ended()).receipts).toHaveLength(1);
    const late = await bosun("pause", task.id);
    expect(late).toMatchObject({ code: 1, out: "" });
    expect(late.err).toMatch(/has ended/);
    await supervisor.end();
  });

  it("changes its model while it is paused, from the next call on, with a new transcript", async () => {
    const { supervisor, task, finish } = await begin("ctl-set");
    await task.pause();
    await untilParked(task);
    const set = await documentedJson("set", task.id, "--model", "opus");
    expect(set).toMatchObject({ id: task.id, model: "claude-opus-5-5" });
    await finish();
    await task.resume();
    expect((await task.ended()).status).toBe("completed");
    const { header, generation } = await until("its transcript", () => task.transcript());
    expect([header?.model, generation]).toEqual(["claude-opus-5-5", 2]);
    const none = await bosun("set", task.id);
    expect(none).toMatchObject({ code: 2, out: "" });
    expect(none.err).toMatch(/bosun set ID --model NAME/);
    expect(await bosun("set", supervisor.id, "--model", "a b")).toMatchObject({ code: 2 });
    expect((await bosun("set", task.id, "--model", "opus")).err).toMatch(/has ended/);
    await supervisor.end();
  });

  it("is tried again under its id, and its attempts stay readable", async () => {
    const { supervisor, task, finish } = await begin("ctl-retry");
    const early = await bosun("retry", task.id);
    expect(early).toMatchObject({ code: 2, out: "" });
    expect(early.err).toMatch(/has not ended.*bosun steer/);
    await finish();
    await task.ended();
    const part = task.id.slice(-6);
    expect(await documentedJson("retry", part, "once more")).toMatchObject({
      taskId: task.id,
      attempt: 2,
      known: false,
      stored: "accepted",
    });
    await untilSecond(task);
    // Two workflows, one id.
    const { task: newest } = await documentedJson<{ task: TaskView }>("check", part);
    expect(newest).toMatchObject({ taskId: task.id, attempt: 2, status: "completed" });
    expect((await bosun("check", part)).out).toMatch(/attempt +2, begun/);
    const { task: first } = await documentedJson<{ task: TaskView }>(
      "check",
      part,
      "--attempt",
      "1",
    );
    expect(first.attempt).toBeUndefined();
    const none = await bosun("check", part, "--attempt", "7");
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toContain(`${task.id} has no attempt 7, the newest is 2.`);
    expect((await bosun("transcript", part)).out).toContain("once more");
    expect((await bosun("transcript", part, "--attempt", "1")).out).not.toContain("once more");
    const listed = await until("one line", async () => {
      const { tasks } = await documentedJson<{ tasks: TaskView[] }>("tasks", supervisor.id);
      return tasks[0]?.attempt === 2 && tasks;
    });
    expect(listed).toHaveLength(1);
    expect((await bosun("tasks", supervisor.id)).out).toContain("attempt 2: ctl");
    await supervisor.end();
    await until("its end", async () => (await supervisor.status()).endedAt !== null);
    const late = await bosun("retry", task.id);
    expect(late).toMatchObject({ code: 1, out: "" });
    expect(late.err).toMatch(/cannot be tried again.*has ended.*bosun start/);
  });
});

describe("a note that is waited for", () => {
  it("is an error when the task ends before it has seen it", async () => {
    const { supervisor, task } = await begin("ctl-unseen");
    await task.pause();
    await untilParked(task);
    const waiting = bosun("steer", task.id, "too late", "--wait");
    await until("the note", async () => (await task.check()).report?.unseenNotes.length === 1);
    await task.cancel("enough");
    const ran = await waiting;
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toMatch(/is already cancelled: it never saw the note\. .*bosun retry/);
    expect((await task.view()).result?.unseen).toHaveLength(1);
    await supervisor.end();
  });

  it("stays sent when Ctrl-C ends the wait", async () => {
    const { supervisor, task, finish } = await begin("ctl-break");
    await task.pause();
    await untilParked(task);
    const listening = process.listenerCount("SIGHUP");
    const waiting = bosun("steer", task.id, "in time", "--wait");
    await until("the wait", async () => process.listenerCount("SIGHUP") > listening);
    // The workers of this process would stop at a SIGINT.
    process.emit("SIGHUP");
    const ran = await waiting;
    expect(ran.code).toBe(130);
    expect(ran.err).toMatch(/Stopped waiting\. The note n-\w+ stays sent\. .*bosun check/);
    await finish();
    await task.resume();
    expect((await task.ended()).receipts).toHaveLength(1);
    await supervisor.end();
  });

  it("says that no worker runs, and prints the receipt when one does", async () => {
    const { supervisor, task, finish } = await begin("ctl-alone");
    await task.pause();
    const { turn } = await untilParked(task);
    await finish();
    await world.stopWorkers();
    await task.resume();
    const notes: string[] = [];
    const place = { env: world.env, cwd: world.dir, heard: (text: string) => notes.push(text) };
    const waiting = runBosun(["steer", task.id, "kept", "--wait"], place);
    await until("the word of it", async () => notes.length > 0);
    await world.startWorkers();
    const ran = await waiting;
    expect(ran.err).toMatch(/No worker answers just now\. Waiting for one \(bosun worker\)/);
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringContaining(`seen at turn ${turn + 1}`),
    });
    await supervisor.end();
  }, 60_000);
});

describe("a supervisor", () => {
  it("is interrupted, and idle there is nothing to interrupt", async () => {
    const { supervisor, task, finish } = await begin("ctl-int");
    await finish();
    await task.ended();
    await untilReply(supervisor, "^Over");
    await until("it is idle", async () => (await supervisor.status()).status === "idle");
    expect((await bosun("interrupt", supervisor.id)).out).toMatch(/is idle: there is nothing/);
    const asked = supervisor.ask("slow ctl-int");
    await until("it thinks", async () => (await supervisor.status()).status === "thinking");
    expect(await documentedJson("interrupt", supervisor.id)).toEqual({
      id: supervisor.id,
      requested: true,
      status: "thinking",
    });
    expect(await asked).toMatch(/^Interrupted/);
    const wrong = await bosun("interrupt", task.id);
    expect(wrong).toMatchObject({ code: 1, out: "" });
    expect(wrong.err).toMatch(/is a task.*bosun steer .* --now.*bosun cancel/s);
    await supervisor.end();
  });

  it("keeps messages while it is paused, says so, and answers after it", async () => {
    const { supervisor, task, finish } = await begin("ctl-keep");
    await finish();
    await task.ended();
    await documentedJson("pause", supervisor.id);
    await until("it waits", async () => (await supervisor.status()).status === "waiting");
    expect((await bosun("send", supervisor.id, "hello")).out).toMatch(
      /kept\. It is paused, and answers after: bosun resume/,
    );
    const kept = await documentedJson<{ messageId: string }>("send", supervisor.id, "hello again");
    expect(kept).toMatchObject({ paused: true });
    await until("it listed", async () =>
      (await bosun("tasks")).out.includes(`bosun resume ${supervisor.id}`),
    );
    expect(await documentedJson("pause", supervisor.id)).toMatchObject({ already: true });
    await documentedJson("resume", supervisor.id);
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "reply" && event.answers.includes(kept.messageId),
    );
    await until("it is at rest", async () => (await supervisor.status()).status === "idle");
    expect((await bosun("resume", supervisor.id)).out).toMatch(/was not paused/);
    await supervisor.end();
  });

  it("and its tasks are held, tried again and broken off from the chat", async () => {
    const { supervisor, task, finish } = await begin("ctl-chat");
    const say = chatWith(supervisor);
    expect(await say(`/pause ${task.id.slice(-6)}`)).toMatch(/asked to pause/);
    await untilParked(task);
    expect(await say(`/steer ${task.id} a note`)).toMatch(/paused and reads it after \/resume/);
    expect(await say("/pause")).toContain(supervisor.id);
    await finish();
    expect(await say("/resume")).toMatch(/asked to go on/);
    await task.ended();
    expect(await say("/retry")).toMatch(/Say which/);
    expect(await say(`/retry ${task.id} again`)).toMatch(/attempt 2 begins/);
    await untilSecond(task);
    await untilReply(supervisor, "^Over");
    expect(await say("/interrupt")).toMatch(/interrupt|break off/);
    expect(await say("/apply")).toMatch(/Say which/);
    expect(await say("/help")).toMatch(/\/pause \[TASK\] +hold a task/);
    const narrow = await chatWith(supervisor, 50)("/help");
    expect(Math.max(...narrow.split("\n").map((line) => line.length))).toBeLessThan(50);
    await supervisor.end();
  });

  it("is bounded, changed, told and looked at from the chat", async () => {
    const { supervisor, task, finish } = await begin("ctl-slash");
    const say = chatWith(supervisor);
    await say("/pause");
    expect(await say(`/check ${task.id} status`)).toMatch(/ task +ctl-slash-task/);
    expect(await say(`/check ${task.id} more`)).toMatch(/no detail more.*digest/);
    expect(await say("/budget")).toMatch(/output tokens +2,000,000/);
    expect(await say("/budget --tokens 300000 --usd 3")).toMatch(/is set\.[^]* 300,000/);
    const told = await untilFeed(supervisor, ({ event }) => event.type === "budget");
    expect(told.event).toMatchObject({
      text: "The budget was set: 300000 output tokens, 3 US dollars.",
    });
    expect(await say(`/budget ${task.id} --turns none`)).toMatch(/is set/);
    await expect(say("/budget --tokens")).rejects.toThrow(/Limits are --usd N/);
    await expect(say("/budget --tokens some")).rejects.toThrow(/--tokens: Give a whole number/);
    expect(await say("/event")).toMatch(/Say whom and what/);
    expect(await say(`/event ${task.id} built {"ok": true}`)).toMatch(/event built sent/);
    await expect(say(`/event ${task.id} built {ok`)).rejects.toThrow(/not JSON/);
    expect(await say("/set")).toMatch(/Say which model/);
    expect(await say(`/set ${task.id} opus`)).toBe(
      `${task.id}: claude-opus-5-5 answers from the next model call on.`,
    );
    expect(await say("/set sonnet")).toContain(supervisor.id);
    expect(await say(`/steer ${task.id} --now`)).toMatch(/Say which and what/);
    expect(await say(`/steer ${task.id} --now a note`)).toMatch(/note n-.* sent/);
    await expect(say(`/diff ${task.id}`)).rejects.toThrow(/its diff is taken when it has ended/);
    expect(await say("/inbox")).toMatch(/Nothing waits for you here/);
    await finish();
    await say("/resume");
    await task.ended();
    await supervisor.end();
  });
});
