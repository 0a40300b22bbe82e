// How long a message may be, as it is set.
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseEnvironment } from "../../protocol/environment.ts";
import { openWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  const env = { BOSUN_MAX_MESSAGE_BYTES: "300000", BOSUN_MAX_INBOX_BYTES: "400000" };
  world = await openWorld({ env });
});
afterAll(() => world.close());

test("a message longer than the default is taken when the setting allows it, one above the setting is refused", async () => {
  await world.model.script("size", [{ when: { anyUser: "size-mark" }, reply: { text: "Read." } }]);
  const supervisor = await world.start();
  expect(await supervisor.ask(`size-mark ${"x".repeat(250_000)}`)).toBe("Read.");
  await expect(supervisor.send("x".repeat(300_001))).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining("at most 300000 are taken"),
  });
  await supervisor.end();
});

test("a first message and a note have the same limit as set", async () => {
  const long = "x".repeat(300_001);
  await expect(world.start(long)).rejects.toMatchObject({ code: "refused" });
  await expect(world.bosun.task("researcher-none").steer(long)).rejects.toMatchObject({
    code: "refused",
  });
});

test("a limit that Temporal could not carry is refused with the most there may be", () => {
  expect(() => parseEnvironment({ BOSUN_MAX_MESSAGE_BYTES: "1000001" })).toThrow(
    'BOSUN_MAX_MESSAGE_BYTES is set to "1000001", which cannot be used: 1000000 is the most. Change or unset it.',
  );
});
