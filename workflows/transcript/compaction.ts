// A full transcript, told again in the model's own words.
import { ActivityFailure, CancellationScope, isCancellation, patched } from "@temporalio/workflow";
import { cutText } from "../../protocol/text.ts";
import { addUsage, type ModelAnswer } from "../../protocol/turn.ts";
import { toCompactTokens } from "../../protocol/models.ts";
import { type Agent, isWaitingOn, modelOf } from "../agent/agent.ts";
import { toBoardData } from "./board-data.ts";
import { limitTranscript, rebuild, renew } from "./generations.ts";
import { toRoom } from "../budget/call-room.ts";
import { callOnce } from "../turn/model-call.ts";
import { toModelTrouble } from "../turn/model-trouble.ts";
import { toNotice } from "./notices.ts";
import { countAnswered, type Generation, sizeOf, tokensOf, toWords } from "./transcript.ts";

/**
 * Asked at a step boundary. A full transcript gives way to a new generation: from the model's summary, or
 * from a digest when there is none. True when something happened, also when something else came first.
 */
export async function compact(agent: Agent): Promise<boolean> {
  const full = toFullness(agent);
  if (!full) return false;
  // Version 0.1 had only the digest, by bytes.
  if (!patched("summary-by-the-model")) {
    limitTranscript(agent);
    return false;
  }
  if (!isWorthwhile(agent.state.generation, full.mostBytes)) return false;
  // The model is away: a probe, not a summary, is what it is asked for.
  if (agent.state.parked > 0) {
    limitTranscript(agent);
    return false;
  }
  if (isWaitingOn(agent, "budget")) return false;
  if (!toRoom(agent, "summary")) {
    fallBack(agent, full.why, "The budget has no room for one.");
    return true;
  }
  await tellAgain(agent, full.why);
  return true;
}

interface Fullness {
  readonly why: string;
  readonly mostBytes: number;
}

function toFullness(agent: Agent): Fullness | undefined {
  const { generation } = agent.state;
  const { maxTranscriptBytes, compactTokens } = agent.settings.limits;
  const mostTokens = compactTokens || toCompactTokens(modelOf(agent));
  const tokens = tokensOf(generation);
  if (generation.bytes > maxTranscriptBytes) {
    const why = `it held ${generation.bytes} bytes, and ${maxTranscriptBytes} is the most`;
    return { why, mostBytes: maxTranscriptBytes };
  }
  if (tokens <= mostTokens) return undefined;
  const why = `it held about ${tokens} tokens, and ${mostTokens} is the most`;
  return { why, mostBytes: 3 * mostTokens };
}

/** What must have been said since a generation began, before it may give way to the next one. */
const leastBytes = 30_000;

/**
 * What a generation began with, its prompt and what is unanswered go with it into the next one. Where they
 * alone fill the limit, only what came between can make room. A turn that is paused is finished first.
 */
function isWorthwhile(generation: Generation, mostBytes: number): boolean {
  const { messages, bytes } = generation;
  const unanswered = messages.slice(countAnswered(generation));
  if (unanswered.length === 0 || unanswered.length === messages.length) return false;
  const between = bytes - sizeOf(messages.slice(0, 1)) - sizeOf(unanswered);
  return between >= Math.min(leastBytes, mostBytes / 4);
}

async function tellAgain(agent: Agent, why: string): Promise<void> {
  try {
    const answer = await callOnce(agent, "summary");
    agent.state.usage = addUsage(agent.state.usage, answer.usage);
    takeSummary(agent, why, answer);
  } catch (error) {
    if (isCancellation(error)) {
      if (!agent.run.interrupted || CancellationScope.current().consideredCancelled) throw error;
      return;
    }
    if (!(error instanceof ActivityFailure)) throw error;
    const { message, backend } = toModelTrouble(error);
    fallBack(agent, why, message, backend);
  }
}

function takeSummary(agent: Agent, why: string, answer: ModelAnswer): void {
  const { generation, board } = agent.state;
  const fault = faultOf(answer);
  if (fault) return fallBack(agent, why, fault);
  const data = {
    why: "transcript_full",
    messages_before: countAnswered(generation),
    summary: cutText(toWords(answer.content), summaryBytes, "… (cut, it was too long)"),
    ...toBoardData(board),
  };
  const opening = toNotice("new_transcript", data, goOn);
  renew(agent, { opening, begun: `the model's summary: ${why}` });
}

const summaryBytes = 24_000;
const goOn =
  "This is a notice of Bosun. The conversation goes on from here: the summary is your own account of what was said before. What follows, if anything, is still unanswered.";

/** Why an answer is no summary. */
function faultOf({ content, stopReason }: ModelAnswer): string | undefined {
  if (content.some((block) => block.type === "tool_use")) return "It called tools instead.";
  switch (stopReason) {
    case "end_turn":
    case "stop_sequence":
      return toWords(content) === "" ? "It was empty." : undefined;
    case "refusal":
      return "The model declined.";
    case "max_tokens":
      return "It was cut off.";
    default:
      return `The model stopped early (${stopReason}).`;
  }
}

/** Without a summary the transcript is told again by rule: nothing waits for it and nothing fails. */
function fallBack(agent: Agent, why: string, fault: string, backend?: string): void {
  rebuild(agent, {
    type: "transcript_full",
    message: `${why}. There is no summary by the model: ${fault}`,
    ...(backend && { backend }),
  });
}
