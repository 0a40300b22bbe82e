// The scripted model as a process of its own.
import { parseArgs } from "node:util";
import { startScriptedModel } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    "pace-ms": { type: "string", default: "40" },
  },
});

const model = await startScriptedModel({
  port: Number(values.port),
  paceMs: Number(values["pace-ms"]),
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void model.close().then(() => process.exit(0)));
}

process.stdout.write(`${JSON.stringify({ url: model.url, pid: process.pid })}\n`);
