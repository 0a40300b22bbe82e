// The workflows this bundle holds.
export { janitor } from "./janitor.ts";
export { subagent } from "./subagent.ts";
export { supervisor } from "./supervisor.ts";
