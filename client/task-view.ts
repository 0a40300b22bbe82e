// A task view, as protocol reads it off an execution. (Moved to protocol/task-view.ts: import from there.)
export * from "../protocol/task-view.ts";
