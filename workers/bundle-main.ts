// The process that bundles the workflows, and ends.
import { workflowEntries, bundleWorkflows } from "./workflow-bundle.ts";
import { writeBundle } from "./bundle-record.ts";

// Without the worker that asked, nobody needs it.
process.on("disconnect", () => process.exit(1));

const [entry = workflowEntries.unversioned, folder = "."] = process.argv.slice(2);
const begunAt = Date.now();
const bundle = await bundleWorkflows(entry);
// On a full disk the worker has to bundle for itself.
const codePath = await writeBundle(entry, folder, bundle, begunAt).catch(() => null);
process.send?.({ codePath }, () => process.exit(0));
