// A new generation, begun from a digest of the old one.
import { cutJson, cutText, jsonLength } from "../protocol/text.ts";
import type { Message } from "../protocol/turn.ts";
import { type Agent, modelOf, tell } from "./agent.ts";
import { toDigest, toResultText } from "./digest.ts";
import { append, beginGeneration, toUserMessage } from "./transcript.ts";

interface RebuildReason {
  readonly type: string;
  readonly message: string;
  /** The backend that answers from now on, when it is another one. */
  readonly backend?: string;
}

/** For a transcript that this backend and model cannot go on with. What is unanswered stays whole. */
export function rebuild(agent: Agent, reason: RebuildReason): void {
  const { state } = agent;
  const { messages, number, backend } = state.generation;
  const answered = messages.findLastIndex((message) => message.role === "assistant") + 1;
  const digest = toDigest(messages.slice(0, answered), state.board, reason.type);
  const texts = [digest, ...toOpenTexts(messages.slice(answered))];
  const next = beginGeneration(number + 1, reason.backend ?? backend, modelOf(agent));
  state.generation = append(next, toUserMessage([], texts));
  tell(agent, {
    type: "generation",
    generation: state.generation.number,
    text: `The transcript begins anew from a digest (${reason.type}: ${cutText(reason.message, 200)}).`,
  });
}

/** What unanswered messages may take of a new generation. */
const openBytes = 250_000;

/** What has come since the last answer: words as they are, results of tools as text. */
function toOpenTexts(messages: readonly Message[]): readonly string[] {
  const texts = messages
    .flatMap((message) => message.content)
    .map((block) => {
      if (block.type === "text") return block.text;
      return block.type === "tool_result" ? `[tool result] ${toResultText(block.content)}` : "";
    })
    .filter((text) => text.trim() !== "");
  const share = Math.floor(openBytes / Math.max(1, texts.length));
  const small = texts.filter((text) => jsonLength(text) <= share);
  const room = openBytes - small.reduce((sum, text) => sum + jsonLength(text), 0);
  const each = Math.floor(room / Math.max(1, texts.length - small.length));
  return texts.map((text) => cutJson(text, Math.max(share, each), "… (cut, it was too long)"));
}

/** A transcript that outgrew its cap goes on from a digest, so that a roll can always carry it. */
export function limitTranscript(agent: Agent): void {
  const { generation } = agent.state;
  const most = agent.settings.limits.maxTranscriptBytes;
  if (generation.bytes <= most) return;
  const message = `It holds ${generation.bytes} bytes, and ${most} is the most.`;
  rebuild(agent, { type: "transcript_full", message });
}
