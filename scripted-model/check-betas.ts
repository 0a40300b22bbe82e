// Which fields need which beta header.
import { invalid } from "./api-error.ts";
import type { MessagesRequest } from "./request.ts";

interface BetaField {
  readonly field: string;
  readonly betas: readonly string[];
  readonly isUsed: (request: MessagesRequest) => boolean;
}

const hasEdit = (request: MessagesRequest, prefix: string) =>
  request.context_management?.edits?.some((edit) => edit.type.startsWith(prefix)) ?? false;

const betaFields: readonly BetaField[] = [
  {
    field: "compaction",
    betas: ["compact-2026-09-04"],
    isUsed: (request) => request.compaction != null,
  },
  {
    field: "messages: a compaction block",
    betas: ["compact-2026-09-04", "compact-2026-01-12"],
    isUsed: ({ messages }) =>
      messages.some(({ content }) => content.some(({ type }) => type === "compaction")),
  },
  {
    field: "context_management",
    betas: ["context-management-2025-06-27", "compact-2026-01-12"],
    isUsed: (request) => request.context_management != null,
  },
  {
    field: "context_management.edits: compact_20260112",
    betas: ["compact-2026-01-12"],
    isUsed: (request) => hasEdit(request, "compact_"),
  },
  {
    field: "context_management.edits: clear_*",
    betas: ["context-management-2025-06-27"],
    isUsed: (request) => hasEdit(request, "clear_"),
  },
  {
    field: "thinking.block_binding",
    betas: ["thinking-binding-controls-2026-08-01"],
    isUsed: (request) => request.thinking?.["block_binding"] != null,
  },
  {
    field: "output_config.task_budget",
    betas: ["task-budgets-2026-03-13"],
    isUsed: (request) => request.output_config?.["task_budget"] != null,
  },
  {
    field: "messages: clear_at",
    betas: ["mid-conversation-system-clear-at-2026-08-21"],
    isUsed: ({ messages }) => messages.some((message) => message.clear_at != null),
  },
  {
    field: "messages: output_config",
    betas: ["mid-conversation-output-config-2026-07-01"],
    isUsed: ({ messages }) => messages.some((message) => message.output_config != null),
  },
];

export function checkBetas(request: MessagesRequest, betas: ReadonlySet<string>): void {
  for (const beta of betaFields) {
    if (beta.isUsed(request) && !beta.betas.some((name) => betas.has(name))) {
      throw invalid(`${beta.field}: needs the header anthropic-beta: ${beta.betas.join(" or ")}`);
    }
  }
}
