// The typed handles: once, in order, without a worker too.
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { RequestError } from "../../client/index.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MODEL_HEARTBEAT_MS: "30000" } });
  await world.model.script("client-handles", [
    {
      when: { anyUser: "client-handles", lastUser: "held" },
      reply: { text: "Never.", delayMs: 250_000 },
    },
    {
      when: { anyUser: "client-handles", lastUser: "slow" },
      reply: { text: "Slowly done.", delayMs: 1_500 },
    },
    { when: { anyUser: "client-handles" }, reply: { text: "Heard." } },
  ]);
});
afterAll(() => world.close());

const refusal = (code: string) => expect.objectContaining({ name: "RequestError", code });

it("a message without a worker is stored, and read once when one comes", async () => {
  const away = await openWorld({ workers: false });
  onTestFinished(() => away.close());
  const supervisor = await away.start();
  const first = await supervisor.send("client-handles one", { id: "m-1" });
  expect(first).toEqual({ id: "m-1", known: false, stored: "signalled" });
  await expect(supervisor.feed()).rejects.toEqual(refusal("noWorker"));
  await expect(supervisor.transcript()).rejects.toEqual(refusal("noWorker"));
  expect(await supervisor.status()).toMatchObject({ id: supervisor.id, status: "idle" });

  await away.startWorkers();
  await untilReply(supervisor, "Heard");
  const again = await until("a worker's answer", async () => {
    const sent = await supervisor.send("client-handles one", { id: "m-1" });
    return sent.stored === "accepted" && sent;
  });
  expect(again).toMatchObject({ known: true });
  const { entries } = await until("the feed", () => supervisor.feed());
  const taken = entries.filter(({ event }) => event.type === "taken");
  expect(taken).toHaveLength(1);
  await supervisor.end();
});

it("ask resolves to the reply that answers it", async () => {
  const supervisor = await world.start("client-handles");
  await untilReply(supervisor, "Heard");
  expect(await supervisor.ask("slow, please")).toBe("Slowly done.");
  await supervisor.end();
});

it("a feed is followed to its end, each entry once", async () => {
  const supervisor = await world.start("client-handles");
  await untilReply(supervisor, "Heard");
  const seen: number[] = [];
  const following = (async () => {
    for await (const { n } of supervisor.follow()) seen.push(n);
  })();
  await supervisor.end();
  await following;
  expect(seen).toEqual(seen.map((_, index) => index + 1));
  await until("its end", async () => (await supervisor.status()).status === "ended");
});

it("what a model writes can be read while it writes, without a history event", async () => {
  const supervisor = await world.start("client-handles");
  await untilReply(supervisor, "Heard");
  await supervisor.send("held");
  const live = await until("a beat", async () => (await supervisor.look()).live);
  expect(live).toMatchObject({ attempt: 1, bytes: expect.any(Number), tail: expect.any(String) });
  await supervisor.interrupt();
  await untilReply(supervisor, "^Interrupted");
  await supervisor.end();
});

it("an id is used once, and a wrong one is refused before anything is sent", async () => {
  const { bosun, workspace } = world;
  const { supervisor } = await bosun.start({ workspace });
  await expect(bosun.start({ workspace, id: supervisor.id })).rejects.toEqual(refusal("exists"));
  await expect(bosun.start({ workspace, id: "a b" })).rejects.toEqual(refusal("refused"));
  await expect(supervisor.send(" ")).rejects.toEqual(refusal("refused"));
  await expect(bosun.supervisor("nobody").send("hello")).rejects.toEqual(refusal("unknown"));
  await expect(bosun.task(supervisor.id).view()).rejects.toEqual(refusal("wrongKind"));
  await supervisor.end();
  await until("its end", async () => (await supervisor.status()).endedAt !== null);
  await expect(supervisor.send("hello")).rejects.toEqual(refusal("ended"));
  await expect(supervisor.end()).rejects.toBeInstanceOf(RequestError);
});

it("a supervisor terminated from outside ends what waits for it", async () => {
  const supervisor = await world.start("client-handles");
  await untilReply(supervisor, "Heard");
  const asking = supervisor.ask("held").catch((error: unknown) => error);
  await until("the call", async () => (await supervisor.look()).live);
  await world.bosun.client.workflow.getHandle(supervisor.id).terminate("test");
  expect(await asking).toEqual(refusal("ended"));
  expect(await supervisor.status()).toMatchObject({ status: "failed", why: expect.any(String) });
});
