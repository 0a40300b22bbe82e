// Takes the lock and keeps it.
import { withLock } from "../../client/installation/lock.ts";

await withLock(process.argv[2] ?? "", async () => {
  process.stdout.write("held\n");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
