// The process that bundles the workflows, and ends.
import { endWithParent } from "./end-with-parent.ts";
import { workflowEntries, bundleWorkflows } from "./workflow-bundle.ts";
import { writeBundle } from "./bundle-record.ts";

endWithParent();

const [entry = workflowEntries.unversioned, folder = "."] = process.argv.slice(2);
const begunAt = Date.now();
const bundle = await bundleWorkflows(entry);
// On a full disk the worker has to bundle for itself.
const codePath = await writeBundle(entry, folder, bundle, begunAt).catch(() => null);
process.send?.({ codePath }, () => process.exit(0));
