// What a user text is: a person's, an event or a note.
import type { Conversation } from "../conversation.ts";
import { userTexts } from "../conversation.ts";

export interface TaskEnded {
  readonly taskId: string;
  readonly agent: string;
  readonly status: string;
  readonly reason: string;
  readonly description: string;
  readonly summary: string;
}

export interface Note {
  readonly id: string;
  readonly from: string;
  readonly message: string;
}

export type Notice =
  | { readonly kind: "person"; readonly text: string }
  | { readonly kind: "note"; readonly note: Note }
  | { readonly kind: "task_ended"; readonly task: TaskEnded }
  /** Of Bosun, but of no concern to a script. */
  | { readonly kind: "other" };

export function toNotice(text: string): Notice {
  const [, type, json] =
    /^\s*<bosun-event type="([^"]*)">\n(.*?)\n<\/bosun-event>/s.exec(text) ?? [];
  if (type === "task_ended") return { kind: "task_ended", task: toTaskEnded(json ?? "") };
  if (type === "new_transcript") return toLastSaid(text);
  if (type !== undefined || /^\s*<bosun-/.test(text)) return { kind: "other" };
  const [, id, from, message] = /^\[note (\S+) from (\w+)\]\s*(.*)/s.exec(text) ?? [];
  if (id === undefined) return { kind: "person", text };
  return { kind: "note", note: { id, from: from ?? "", message: (message ?? "").trim() } };
}

/** A transcript told again in plain words: what the user said last is still to be answered. */
function toLastSaid(text: string): Notice {
  const last = text.split(/\n(?=(?:user|assistant): )/).at(-1) ?? "";
  return last.startsWith("user: ") ? toNotice(last.slice("user: ".length)) : { kind: "other" };
}

export function latestNotices(conversation: Conversation): Notice[] {
  return conversation.latest.texts.map(toNotice);
}

export function notesOf(conversation: Conversation): Note[] {
  return userTexts(conversation).flatMap((text) => {
    const notice = toNotice(text);
    return notice.kind === "note" ? [notice.note] : [];
  });
}

function toTaskEnded(json: string): TaskEnded {
  const data = toRecord(json);
  const text = (name: string) => (typeof data[name] === "string" ? data[name] : "");
  return {
    taskId: text("task_id"),
    agent: text("agent"),
    status: text("status"),
    reason: text("reason"),
    description: text("description"),
    summary: text("summary"),
  };
}

function toRecord(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {};
  }
}
