// What may be declared as a tool, or asked of the choice.
import { invalid } from "./api-error.ts";
import type { ModelFacts } from "./models.ts";
import type { MessagesRequest } from "./request.ts";

export function checkTools(request: MessagesRequest, model: ModelFacts): void {
  const names = new Set<string>();
  for (const [index, tool] of (request.tools ?? []).entries()) {
    if (names.has(tool.name))
      throw invalid(`tools: tool names must be unique, "${tool.name}" is declared twice`);
    names.add(tool.name);
    const isClientTool = tool.type === undefined || tool.type === null || tool.type === "custom";
    if (isClientTool && tool.input_schema?.["type"] !== "object") {
      throw invalid(`tools.${index}.input_schema.type: must be "object"`);
    }
  }
  checkChoice(request, model, names);
  checkStillDeclared(request, names);
}

function checkChoice(
  request: MessagesRequest,
  model: ModelFacts,
  names: ReadonlySet<string>,
): void {
  const choice = request.tool_choice;
  if (!choice) return;
  if (choice.type === "any" || choice.type === "tool") {
    if (model.newest)
      throw invalid(`tool_choice.type: "${choice.type}" is not supported by ${request.model}`);
    if (choice.type === "tool" && !names.has(choice.name ?? "")) {
      throw invalid(`tool_choice.name: tool "${choice.name}" is not declared`);
    }
  }
}

function checkStillDeclared(request: MessagesRequest, names: ReadonlySet<string>): void {
  for (const [index, message] of request.messages.entries()) {
    for (const block of message.content) {
      if (block.type === "tool_use" && !names.has(block.name)) {
        throw invalid(
          `messages.${index}: "${block.name}" was called and must stay declared in tools`,
        );
      }
    }
  }
}
