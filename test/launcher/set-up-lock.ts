// Does a set-up that lasts until it is told to end.
// @ts-expect-error plain JavaScript without types
import { withSetUpLock } from "../../scripts/set-up/lock.mjs";

await withSetUpLock("test", async () => {
  const keepAlive = setInterval(() => undefined, 60_000);
  const told = new Promise<void>((resolve) => process.once("SIGUSR2", () => resolve()));
  process.stdout.write("began\n");
  await told;
  clearInterval(keepAlive);
});
