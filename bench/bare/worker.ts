// The one process of the bare program.
import { fileURLToPath } from "node:url";
import Anthropic from "@anthropic-ai/sdk";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { createHostActivities } from "../../activities/index.ts";
import { toModelId } from "../../protocol/models.ts";
import { createActivities, type Header } from "./activities.ts";

const {
  TEMPORAL_ADDRESS: address = "",
  BARE_SLOTS: slots,
  BARE_WORKSPACE: path = "",
} = process.env;

/** The prompts and tools that Bosun sends, read once, so that the calls are the same. */
async function readHeader(name: string, model: string): Promise<readonly [string, Header]> {
  const builtinDir = fileURLToPath(new URL("../../agents", import.meta.url));
  const host = createHostActivities({ dir: path, host: "", builtinDir });
  const workspace = { host: "", path };
  const { system, tools } = await host.loadAgent({ name, workspace, mayDelegate: true });
  const declared = tools.map((tool) => ({ ...tool, input_schema: { ...tool.input_schema } }));
  return [name, { model, system, tools: declared }];
}

Runtime.install({ logger: new DefaultLogger("WARN") });
const headers = await Promise.all([
  readHeader("supervisor", toModelId("opus")),
  readHeader("researcher", toModelId("haiku")),
]);
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: "bare",
  workflowsPath: fileURLToPath(new URL("./workflows.ts", import.meta.url)),
  activities: { ...createActivities(new Anthropic(), new Map(headers), path) },
  ...(slots && { maxConcurrentActivityTaskExecutions: Number(slots) }),
});
process.stdout.write('{"ready":true}\n');
await worker.run();
