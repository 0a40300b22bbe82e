// The workflows this bundle holds.
export { subagent } from "./subagent.ts";
export { supervisor } from "./supervisor.ts";
