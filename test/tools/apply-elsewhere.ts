// Another worker of the same host that applies a diff.
import { MockActivityEnvironment } from "@temporalio/testing";
import { createIsolation } from "../../activities/edits/isolation.ts";

const [dir = "", taskId = "", path = ""] = process.argv.slice(2);
const { applyDiff } = createIsolation({ dir, env: { PATH: path, HOME: "/nowhere" } });
const input = { taskId, rootId: "root-1" };
process.stdout.write(JSON.stringify(await new MockActivityEnvironment().run(applyDiff, input)));
