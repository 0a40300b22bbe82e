// What is refused, and in which words.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilTasks } from "../support/lead-agent.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({
    env: { BOSUN_MAX_OPEN: "2", BOSUN_MAX_DEPTH: "1", BOSUN_MAX_INBOX_BYTES: "3000" },
  });
  await mkdir(join(world.workspace, ".claude/agents"), { recursive: true });
  const file = (name: string, text: string) =>
    writeFile(join(world.workspace, ".claude/agents", `${name}.md`), text);
  await file("broken", "---\nname: broken\ndescription: [\n---\nText.\n");
  await file(
    "claude",
    "---\nname: claude\ndescription: Has the web.\ntools: Read, WebFetch\n---\nText.\n",
  );
});
afterAll(() => world.close());

test("tasks beyond the most that may be open are refused with the number", async () => {
  const call = {
    name: "start_async_task",
    input: { description: "rf-a", subagent_type: "researcher" },
  };
  await world.model.script("rf-a", [
    { when: { lastUser: "^go rf-a" }, reply: { toolCalls: [call, call, call] } },
    {
      when: { system: "^# supervisor", anyUser: "^go rf-a" },
      reply: { text: "{{toolResult:start_async_task#3}}" },
    },
    {
      when: { system: "^# researcher", anyUser: "rf-a" },
      reply: { text: "Never.", until: "the end" },
    },
  ]);
  const supervisor = await world.start("go rf-a");
  expect(await untilReply(supervisor, "open")).toMatch(
    /^2 tasks are open or ended unread, which is the most/,
  );
  await untilTasks(supervisor, 2);
  await supervisor.end();
});

test.each([
  ["an unknown agent", "nobody", /could not begin: .*nobody.*researcher/s],
  ["an agent file that is no YAML", "broken", /could not begin: .*broken\.md:\d+/s],
])("%s is said as the reply, and the supervisor stays", async (_, agent, words) => {
  const { supervisor } = await world.bosun.start({
    workspace: world.workspace,
    agent,
    message: "hi",
  });
  expect(await untilReply(supervisor, "begin")).toMatch(words);
  expect(await supervisor.ask("again")).toMatch(words);
  await supervisor.end();
});

test("a workspace that has gone is said as the reply", async () => {
  const workspace = join(world.dir, "gone");
  await mkdir(workspace);
  await rm(workspace, { recursive: true });
  const { supervisor } = await world.bosun.start({ workspace, message: "hi" });
  expect(await untilReply(supervisor, "begin")).toContain("gone");
  await supervisor.end();
});

test("what an agent file asks for in vain is said with file and line", async () => {
  await world.model.script("rf-b", [{ when: { lastUser: "^rf-b" }, reply: { text: "Here." } }]);
  const { supervisor } = await world.bosun.start({
    workspace: world.workspace,
    agent: "claude",
    message: "rf-b",
  });
  const found = await untilFeed(supervisor, ({ event }) => event.type === "trouble");
  expect(found.event).toMatchObject({ text: expect.stringMatching(/claude\.md:4.*WebFetch/s) });
  await supervisor.end();
});

test("a message for which the inbox has no room is refused, and can be sent again later", async () => {
  await world.model.script("rf-c", [
    { when: { anyUser: "^rf-c first" }, reply: { text: "answered", until: "rf-c" } },
  ]);
  const supervisor = await world.start("rf-c first");
  await until("the model call", async () => (await world.model.journal("rf-c first")).length === 1);
  await supervisor.send(`rf-c ${"x".repeat(2_500)}`);
  await expect(supervisor.send(`rf-c ${"y".repeat(2_500)}`)).rejects.toThrow(/Too much is waiting/);
  await world.model.release("rf-c");
  await untilReply(supervisor, "answered");
  await until("an empty inbox", async () => (await supervisor.feed()).status === "idle");
  expect(await supervisor.ask(`rf-c ${"y".repeat(2_500)}`)).toBe("answered");
  await supervisor.end();
});

test("a long line is never hidden in a file that no tool could read to its end", async () => {
  const roomy = await openWorld();
  try {
    await roomy.model.script("rf-d", [
      { when: { lastUser: "^rf-d x+ the end$" }, reply: { text: "Read to the end." } },
    ]);
    const supervisor = await roomy.start();
    expect(await supervisor.ask(`rf-d ${"x".repeat(60_000)} the end`)).toBe("Read to the end.");
    await supervisor.end();
  } finally {
    await roomy.close();
  }
});
