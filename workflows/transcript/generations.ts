// A new generation, and what it keeps of the old one.
import { cutJson, cutText, jsonLength } from "../../protocol/text.ts";
import type { Message } from "../../protocol/turn.ts";
import { type Agent, modelOf, tell } from "../agent/agent.ts";
import { toDigest, toResultText } from "./digest.ts";
import { append, beginGeneration, countAnswered, toUserMessage } from "./transcript.ts";

interface RebuildReason {
  readonly type: string;
  readonly message: string;
  /** The backend that answers from now on, when it is another one. */
  readonly backend?: string;
}

/** For a transcript that this backend and model cannot go on with, or that nobody could sum up. */
export function rebuild(agent: Agent, reason: RebuildReason): void {
  const { generation, board } = agent.state;
  const answered = generation.messages.slice(0, countAnswered(generation));
  const begun = `a digest (${reason.type}: ${cutText(reason.message, 600)})`;
  renew(agent, { opening: toDigest(answered, board, reason.type), begun, ...reason });
}

interface Beginning {
  /** The first words of the new generation. */
  readonly opening: string;
  /** What it begins from, and why, for people. */
  readonly begun: string;
  readonly backend?: string;
}

/** The next generation: one user message, in which all that is unanswered stays whole. */
export function renew(agent: Agent, { opening, begun, backend }: Beginning): void {
  const { state } = agent;
  const old = state.generation;
  const texts = [opening, ...toOpenTexts(old.messages.slice(countAnswered(old)))];
  const next = beginGeneration(old.number + 1, backend ?? old.backend, modelOf(agent));
  state.generation = append(next, toUserMessage([], texts));
  tell(agent, {
    type: "generation",
    generation: state.generation.number,
    text: `The transcript begins anew from ${begun}.`,
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

/** A transcript that outgrew its cap goes on from a digest, where no summary can be asked for. */
export function limitTranscript(agent: Agent): void {
  const { bytes } = agent.state.generation;
  const most = agent.settings.limits.maxTranscriptBytes;
  if (bytes <= most) return;
  const message = `It holds ${bytes} bytes, and ${most} is the most.`;
  rebuild(agent, { type: "transcript_full", message });
}

/** An agent that is to use another model goes on from a digest: the old one's answers are signed by it. */
export function followModel(agent: Agent): void {
  const { model } = agent.state.generation;
  const next = modelOf(agent);
  if (model === next) return;
  rebuild(agent, {
    type: "model_changed",
    message: `${model} answered until now, ${next} goes on.`,
  });
}
