// A subagent: does the mission its description names.
import { type Conversation, userTexts } from "../conversation.ts";
import type { Reply, ToolCall } from "../reply.ts";
import { toFirstAsked } from "../summarize.ts";
import { coder } from "./coder.ts";
import { documentation } from "./documentation.ts";
import { looseEnds } from "./loose-ends.ts";
import { type Mission, nextCall } from "./mission.ts";
import { notesOf } from "./notices.ts";
import { structure } from "./structure.ts";
import { testsBroad } from "./tests-broad.ts";
import { testsNarrow } from "./tests-narrow.ts";
import { textOf } from "./tool-text.ts";

/** A description may stand in a retold transcript, as `user: …`. */
const byDescription: readonly (readonly [RegExp, Mission])[] = [
  [/^(?:user:)?\W*structure\b/im, structure],
  [/^(?:user:)?\W*loose ends\b|todo|fixme/im, looseEnds],
  [/^(?:user:)?\W*documentation\b/im, documentation],
  [/^(?:user:)?\W*test count\b|count\w*\b.*\btests?\b|how many tests/im, testsNarrow],
  [/^(?:user:)?\W*tests\b/im, testsBroad],
  [/\bdoc(s|umentation)?\b|markdown|readme/i, documentation],
];

const byAgent: Readonly<Record<string, Mission>> = {
  reviewer: looseEnds,
  writer: documentation,
  coder,
};

export function subagent(conversation: Conversation): Reply {
  const mission = missionOf(conversation);
  const call = conversation.mayCallTools
    ? nextCall(mission.plan(conversation), conversation)
    : null;
  if (call) return { text: announce(call), toolCalls: [call] };
  const cut =
    conversation.mayCallTools || conversation.tools.size === 0
      ? ""
      : "Stopped before the plan was done.\n";
  return { text: cut + mission.summary(conversation) + unfollowed(conversation, mission) };
}

function missionOf(conversation: Conversation): Mission {
  const asked = toFirstAsked(userTexts(conversation)[0] ?? "");
  if (conversation.agent === "coder") return coder;
  const named = byDescription.find(([words]) => words.test(asked))?.[1];
  return named ?? byAgent[conversation.agent ?? ""] ?? structure;
}

function announce({ name, input }: ToolCall): string {
  if (name === "read_file") return `Reading ${textOf(input["path"])}.`;
  if (name === "search_files") return `Searching for ${textOf(input["pattern"])}.`;
  return `Listing ${textOf(input["pattern"] ?? "all files")}.`;
}

/** Only one script can act on a note. The others say that they saw it. */
function unfollowed(conversation: Conversation, mission: Mission): string {
  if (mission === looseEnds) return "";
  const notes = notesOf(conversation).map(
    ({ id, message }) =>
      `Note ${id} was seen but this script cannot follow it: "${message.slice(0, 120)}"`,
  );
  return notes
    .slice(-3)
    .map((line) => `\n${line}`)
    .join("");
}
