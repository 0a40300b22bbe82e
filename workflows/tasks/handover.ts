// What an attempt at a task leaves to the next one.
import type { AttemptReading, TaskEnding, TaskTerms } from "../../protocol/activities.ts";
import type { Handover } from "../../protocol/control.ts";
import type { KeptEvent } from "../waits/event-box.ts";
import { cutText } from "../../protocol/text.ts";
import type { SubagentInput } from "../../protocol/workflows.ts";
import type { Agent } from "../agent/agent.ts";
import type { AgentState } from "../agent/agent-state.ts";
import { TaskFailure } from "../agent/failures.ts";
import { toReaders } from "../agent/watchers.ts";
import { toDigest } from "../transcript/digest.ts";
import { toNotice } from "../transcript/notices.ts";
import { toEventNotice } from "../waits/background-waits.ts";

/** What a new attempt is told first. */
export interface Before {
  readonly terms: TaskTerms;
  readonly handover?: Handover;
  readonly texts: readonly string[];
}

/** What the attempt before leaves to this one. Nothing for a first attempt. */
export async function readBefore(
  agent: Agent,
  { attempt, isolation }: SubagentInput,
): Promise<Before | undefined> {
  if (!attempt) return undefined;
  const { readAttempt } = toReaders(agent.settings.installation);
  const { taskId, before, number, retryId, message } = attempt;
  const summary = `what ${before} had done`;
  const reading = await readAttempt.executeWithOptions({ summary }, [{ taskId, before }]);
  const { given, handover } = reading;
  if (!given) {
    throw new TaskFailure(
      "error",
      `What ${taskId} was started with is no longer kept, so nobody knows what it may change or spend. Start a new task.`,
    );
  }
  const words = message.trim() ? [`[retry ${retryId} from person] ${message}`] : [];
  return {
    terms: given,
    ...(handover && { handover }),
    texts: [toBeforeText(number, reading, isolation !== undefined), ...words],
  };
}

function toBeforeText(
  number: number,
  { ending, handover }: AttemptReading,
  isApart: boolean,
): string {
  const { envelope, end } = ending;
  const data = {
    attempt: number,
    before: end.status,
    ...("reason" in end && { reason: end.reason }),
    ...(envelope.notDone && { why: envelope.notDone }),
    ...(envelope.inDoubt.length > 0 && { in_doubt: envelope.inDoubt }),
    ...(envelope.artifacts.length > 0 && { artifacts: envelope.artifacts }),
    ...(envelope.diff && { diff: envelope.diff }),
    ...(!handover && { summary: envelope.summary }),
  };
  const said = "This task was worked on before, and a person asks for a new attempt.";
  const notice = toNotice("new_attempt", data, `${said} ${toWhereItIs(ending, isApart)}`);
  return handover ? `${notice}\n\n${handover.digest}` : notice;
}

/** What an isolated attempt changed is not in the files that the next one begins with. */
function toWhereItIs({ taskId, envelope: { diff } }: TaskEnding, isApart: boolean): string {
  if (!diff && !isApart) return "What was done then is done: look before you repeat it.";
  // Of one that was stopped from outside, only the agent that started it knows whether it left any.
  const artifact = diff?.artifact ?? `artifacts/${taskId}.diff`;
  return `What it changed in files is in ${artifact}, if there is such a file, and in yours only if it has been applied since: read it, look, and do again what is still wanted.`;
}

const noteBytes = 1_000;

const cutEvent = (event: KeptEvent): KeptEvent => ({
  ...event,
  json: cutText(event.json, noteBytes),
});

/** What holds on for the next attempt, as a person set it. */
export function toHandover({ state }: Agent): Handover {
  const { own } = state.account;
  return {
    digest: toAttemptDigest(state),
    ...(state.model && { model: state.model.name }),
    // Before its agent's file was read it knew only half of its limits.
    ...(state.definition && Object.keys(own).length > 0 && { budget: own }),
  };
}

/** The whole transcript in few words, with what had come and was never read. */
function toAttemptDigest(state: AgentState): string {
  const notes = state.inbox.flatMap((item) =>
    item.type === "note" ? [`[note, never read] ${cutText(item.note.message, noteBytes)}`] : [],
  );
  const events = state.events.map((event) => toEventNotice(cutEvent(event)));
  const digest = toDigest(state.generation.messages, state.board, "new_attempt");
  return [digest, ...notes.slice(-5), ...events.slice(-5)].join("\n\n");
}
