// Every failure that crosses a boundary, by type.

/** `ApplicationFailure.type` of what Bosun itself throws. Types of the Messages API keep its own names. */
export const failureTypes = {
  /** A stream fell silent for longer than the stall limit. */
  streamStalled: "StreamStalled",
  /** A stream broke off before the answer was whole. */
  streamBroken: "StreamBroken",
  /** The transcript could not be pulled just now. */
  transcriptUnavailable: "TranscriptUnavailable",
  /** The transcript asked for has been replaced by a newer generation. */
  staleGeneration: "StaleGeneration",
  /** Temporal's own name for an attempt whose worker was stopped. */
  workerShutdown: "WorkerShutdown",
  /** The generation was begun on another backend than this worker talks to. */
  backendChanged: "BackendChanged",
  /** An answer was too large to be recorded. */
  answerTooLarge: "AnswerTooLarge",
  /** The SDK was used in a way it refuses. */
  clientMisuse: "ClientMisuse",
  /** An agent file is missing or invalid. */
  invalidAgent: "InvalidAgent",
  /** A workspace is missing or unreadable. */
  invalidWorkspace: "InvalidWorkspace",
  /** A task has no diff, or not yet. */
  noDiff: "NoDiff",
  /** A task ended without completing. Its details hold the envelope. */
  taskFailed: "TaskFailed",
  /** A look found nothing: Temporal calls the activity again after a while, which leaves no trace in history. */
  nothingFound: "NothingFound",
  /** A message was refused: empty, too long, or the inbox is full. */
  messageRefused: "MessageRefused",
  /** A decision was refused: nothing waits under that id, or not for that. */
  decisionRefused: "DecisionRefused",
  /** A new attempt was refused: nobody knows the task, or there is no room for it. */
  retryRefused: "RetryRefused",
  /** A new attempt was refused, for the task has not ended as far as its agent has heard. */
  taskOpen: "TaskOpen",
} as const;
