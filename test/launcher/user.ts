// A command that uses an installation until it is told to end.
import { bringUp } from "../../client/installation/bring-up.ts";
import { openInstallation } from "../../client/installation/installation.ts";

const session = await bringUp({
  installation: openInstallation(process.env, process.cwd()),
  env: process.env,
  cwd: process.cwd(),
  onProgress: () => undefined,
  worker: false,
});
const keepAlive = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  clearInterval(keepAlive);
  void session.leave();
});
process.stdout.write(`${JSON.stringify({ run: session.run, attached: session.attached })}\n`);
