// What a run hands to the next one, within a budget.
import { byteLength } from "../../protocol/text.ts";
import type { Snapshot } from "../../protocol/workflows.ts";
import type { Agent } from "./agent.ts";
import { trimFeed } from "./feed.ts";
import { rebuild } from "../transcript/generations.ts";
import { fitBoard } from "../tasks/board-size.ts";
import { closeTurn } from "../turn/tool-turn.ts";

/**
 * Temporal ends a run whose input is above 2 MiB on the spot, so there is room to spare. The inbox is
 * capped where things arrive, ids by their number and length, the agent's definition where it is read.
 */
const snapshotBytes = 1_300_000;
const boardBytes = 400_000;
const feedBytes = 64_000;

/** The whole state, each part within its budget. */
export function toSnapshot(agent: Agent): Snapshot {
  const { state } = agent;
  state.board = fitBoard(state.board, boardBytes - besideBytes(state));
  state.feed = trimFeed(state.feed, feedBytes);
  if (isTooLarge(agent)) shorten(agent);
  return { ...state };
}

/** What tasks have found, own and got stuck in has its place on the board. */
function besideBytes({ findings, heard, posted, claims, troubled }: Agent["state"]): number {
  return byteLength(JSON.stringify([findings, heard, posted, claims, troubled]));
}

function isTooLarge({ state, settings }: Agent): boolean {
  if (transcriptBytes(state) > settings.limits.maxTranscriptBytes) return true;
  return byteLength(JSON.stringify(state)) > snapshotBytes;
}

/** An open turn counts as transcript. */
function transcriptBytes({ generation, owed, answers, openCalls }: Agent["state"]): number {
  const openTurn = [owed, answers, openCalls].map((part) => byteLength(JSON.stringify(part)));
  return openTurn.reduce((sum, bytes) => sum + bytes, generation.bytes);
}

/** An open turn belongs to the transcript it was begun in, so it ends with it. */
function shorten(agent: Agent): void {
  const { state } = agent;
  const bytes = transcriptBytes(state);
  const isFresh = state.generation.messages.length <= 1;
  if (isFresh) return;
  closeTurn(
    agent,
    "Not run: the conversation had to be shortened first. Ask again if it is still needed.",
  );
  rebuild(agent, {
    type: "transcript_full",
    message: `It held ${bytes} bytes when the run was over.`,
  });
}
