// What the tour has seen so far, from the feed.
import type { FeedEntry } from "../../protocol/feed.ts";
import { isEnded, type TaskPhase } from "../../protocol/task.ts";

/** Everything the tour decides upon. Moved only by `note`. */
export class Progress {
  readonly tasks = new Map<string, TaskPhase>();
  readonly answered = new Set<string>();
  /** Whether the newest reply came after the last task had ended. */
  concluded = false;
  ended = false;
  /** The number of the newest entry. */
  last = 0;

  note({ n, event }: FeedEntry): void {
    this.last = n;
    switch (event.type) {
      case "task":
        this.tasks.set(event.taskId, event.phase);
        break;
      case "reply":
        for (const id of event.answers) this.answered.add(id);
        this.concluded = this.tasks.size > 0 && this.open.length === 0;
        break;
      case "ended":
        this.ended = true;
        break;
      case "taken":
      case "aside":
      case "tool":
      case "note":
      case "receipt":
      case "request":
      case "decision":
      case "finding":
      case "claim":
      case "trouble":
      case "control":
      case "budget":
      case "generation":
        break;
    }
  }

  get open(): readonly string[] {
    return [...this.tasks].filter(([, phase]) => !isEnded(phase)).map(([id]) => id);
  }
}
