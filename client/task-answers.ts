// What calls of a task handle answer.
import type { LiveCall } from "../protocol/live-call.ts";
import type { OpenRequest } from "../protocol/requests.ts";
import type { Receipt, TaskStatus } from "../protocol/task.ts";
import type { TaskReport, TaskView } from "../protocol/views.ts";

export interface TaskCheck {
  readonly view: TaskView;
  /** What the task says of itself. Missing with `status`, and when no worker answered. */
  readonly report?: TaskReport;
  /** Why the report is missing, in words. */
  readonly missing?: string;
  /** The model call it is in. Needs no worker. */
  readonly live?: LiveCall;
}

export interface Looked {
  readonly view: TaskView;
  readonly live?: LiveCall;
  /** It was asked to stop. */
  readonly stopping: boolean;
}

export interface SentNote {
  readonly noteId: string;
  /** What the task asked when the note was sent: it reads the note once that is decided, or withdraws it for `now`. */
  readonly asked: readonly OpenRequest[];
  /** The task is paused: it reads the note when it goes on. */
  readonly isPaused: boolean;
  /**
   * Resolves once the note is in the task's transcript. Throws `RequestError`, code `ended`, when
   * the task ended before it saw the note.
   */
  receipt(signal?: AbortSignal): Promise<Receipt>;
}

export interface CancelAnswer {
  /** False when the task had ended before. */
  readonly requested: boolean;
  /** As it was when the cancellation was asked for. */
  readonly status: TaskStatus;
}
