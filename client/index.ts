// Bosun for programs: supervisors and tasks, as typed calls.
//
//     const bosun = await connectHere(process.env, process.cwd());
//     const { supervisor } = await bosun.start({ workspace: process.cwd() });
//     console.log(await supervisor.ask("Survey this folder with three background tasks."));
//     await bosun.close();
//
// Every call throws `RequestError`, with a `code` for programs and words for people. `connectHere`
// throws `CommandError` too, where nothing runs. Times are ISO 8601.
export {
  Bosun,
  type BosunOptions,
  connectBosun,
  type Started,
  type StartOptions,
} from "./bosun.ts";
export { CommandError } from "./command-error.ts";
export { connectHere } from "./connect-here.ts";
export { type SendOptions, type Sent, SupervisorHandle } from "./supervisor-handle.ts";
export type { CancelAnswer, SentNote, TaskCheck } from "./task-answers.ts";
export { TaskHandle } from "./task-handle.ts";
export type { FollowOptions } from "./follow-feed.ts";
export type { Agents, Found, PersonInbox } from "./list-executions.ts";
export type { TaskDiff } from "./diffs.ts";
export type { SetOptions, SettingSent, Switched } from "./control.ts";
export type { DecisionTaken } from "./decide.ts";
export type { SentEvent } from "./send-event.ts";
export type { LiveCall } from "../protocol/live-call.ts";
export { RequestError, type RequestErrorCode } from "./request-error.ts";
export type { RetryAnswer } from "./retry.ts";
export type { SupervisorView } from "./supervisor-view.ts";
export type { TroubledAgent } from "./troubled-agents.ts";
export type { WaitingRequest } from "./waiting-requests.ts";
export type { Trouble } from "../protocol/trouble.ts";
export type { FeedEntry, FeedEvent, FeedPage } from "../protocol/feed.ts";
export type { Budget, BudgetChange, BudgetReport, Spent } from "../protocol/budget.ts";
export type { Decision, OpenRequest, SettledRequest } from "../protocol/requests.ts";
export type { Applied, DiffStatLine, DiffSummary } from "../protocol/isolation.ts";
export type { Envelope, Receipt, TaskStatus, WaitingReason } from "../protocol/task.ts";
export type { TranscriptPage, Usage } from "../protocol/turn.ts";
export type { CheckDetail, TaskReport, TaskView } from "../protocol/views.ts";
