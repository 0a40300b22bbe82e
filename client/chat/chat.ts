// A conversation with one supervisor, in a terminal or a pipe.
import { scriptedBackend } from "../../protocol/models.ts";
import type { Context } from "../commands/context.ts";
import type { Visit } from "../commands/with-session.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import { Conversation } from "./conversation.ts";
import { openPrompt } from "./prompt.ts";

interface ChatStart {
  /** The folder a new supervisor works on. */
  readonly workspace: string;
  /** The number of the last feed entry that is not to be shown. */
  readonly after: number;
  /** Whether to print the feed as it is. */
  readonly json: boolean;
}

/**
 * Resolves when the person leaves, the input ends and is answered, or the supervisor ends. Without
 * a supervisor the first line starts one. Returns whom one may come back to.
 */
export async function chatWith(
  visit: Visit,
  supervisor: SupervisorHandle | undefined,
  context: Context,
  start: ChatStart,
): Promise<string | undefined> {
  const left = new AbortController();
  const { signal } = left;
  const leave = () => left.abort();
  visit.signal.addEventListener("abort", leave, { once: true });
  if (visit.signal.aborted) leave();
  const { input, output, isTty } = context;
  const label = visit.session.run.backend === scriptedBackend ? "scripted> " : "> ";
  const prompt = openPrompt({ input, output, isTty, label, onInterrupt: leave });
  if (signal.aborted) prompt.close();
  else signal.addEventListener("abort", () => prompt.close(), { once: true });
  try {
    const conversation = new Conversation({
      visit,
      context,
      prompt,
      signal,
      leave,
      json: start.json,
    });
    const partner = supervisor ?? (await conversation.begin(start.workspace));
    if (!partner) return undefined;
    return (await conversation.hold(partner, start.after)) ? partner.id : undefined;
  } finally {
    leave();
  }
}
