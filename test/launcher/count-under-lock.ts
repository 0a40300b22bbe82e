// Adds to a number in a file, many times, under the lock.
import { readFileSync, writeFileSync } from "node:fs";
import { withLock } from "../../client/installation/lock.ts";

const [folder = "", file = "", times = "1"] = process.argv.slice(2);

for (let i = 0; i < Number(times); i++) {
  await withLock(folder, async () => {
    const before = Number(readFileSync(file, "utf8"));
    // Others get every chance to come in between.
    await new Promise((resolve) => setTimeout(resolve, 2));
    writeFileSync(file, String(before + 1));
  });
}
