// A worker in the middle of an effect, waiting to be killed.
import { writeFileSync } from "node:fs";
import { createEffectJournal } from "../../activities/tools/effect-journal.ts";

const [dir = "", path = ""] = process.argv.slice(2);
const effect = {
  workflowId: "coder-1",
  toolUseId: "toolu_1",
  tool: "write_file",
  label: "write_file effect.txt",
  input: path,
};
const attempt = {
  cancellationSignal: new AbortController().signal,
  cancellationDetails: undefined,
};
await createEffectJournal(dir).once(effect, attempt, () => {
  writeFileSync(path, "half of ");
  process.stdout.write("begun");
  return new Promise(() => setInterval(() => undefined, 60_000));
});
