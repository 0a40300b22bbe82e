// The workflows this bundle holds.
export { errand } from "./errand.ts";
export { janitor } from "./janitor.ts";
export { subagent } from "./subagent.ts";
export { supervisor } from "./supervisor.ts";
