// The file tools over an object, worded as the real ones.
import picomatch from "picomatch";
import { tool } from "./harness.ts";

export type Files = Record<string, string>;
export interface Outcome {
  readonly text: string;
  readonly isError?: boolean;
}

const string = { type: "string" };
export const fileTools = [
  tool("list_files", { path: string, pattern: string }),
  tool("read_file", { path: string, offset: { type: "integer" }, limit: { type: "integer" } }),
  tool("search_files", { pattern: string, path: string, glob: string }),
  tool("write_file", { path: string, content: string }),
];

export function runFileTool(files: Files, name: string, input: Record<string, string>): Outcome {
  switch (name) {
    case "list_files":
      return { text: list(files, input["pattern"] ?? "**") };
    case "read_file":
      return read(files, input["path"] ?? "");
    case "search_files":
      return { text: search(files, input["pattern"] ?? "", input["glob"] ?? "**") };
    case "write_file": {
      const content = input["content"] ?? "";
      files[input["path"] ?? ""] = content;
      return {
        text: `wrote ${input["path"]}: ${content.split("\n").length} lines, ${content.length} B (created)`,
      };
    }
    default:
      return { text: `no such tool: ${name}`, isError: true };
  }
}

function list(files: Files, pattern: string): string {
  const matches = picomatch(pattern);
  const paths = Object.keys(files).filter((path) => matches(path));
  const bytes = paths.reduce((sum, path) => sum + (files[path]?.length ?? 0), 0);
  return [
    `${paths.length} files, ${bytes} bytes under .`,
    ...paths.map((path) => `${path}\t${files[path]?.length}`),
  ].join("\n");
}

function read(files: Files, path: string): Outcome {
  const text = files[path];
  if (text === undefined || text.includes("\0"))
    return { text: `${path}: binary or missing`, isError: true };
  const lines = text.split("\n");
  const head = `${path}: lines 1-${lines.length} of ${lines.length}, ${text.length} bytes`;
  return { text: [head, ...lines.map((line, at) => `${at + 1}\t${line}`)].join("\n") };
}

function search(files: Files, pattern: string, glob: string): string {
  const matches = picomatch(glob);
  const searched = Object.keys(files).filter((path) => matches(path));
  const expression = new RegExp(pattern);
  const hits = searched.flatMap((path) =>
    (files[path] ?? "")
      .split("\n")
      .flatMap((line, at) => (expression.test(line) ? [`${path}:${at + 1}: ${line}`] : [])),
  );
  const paths = new Set(hits.map((hit) => hit.split(":")[0]));
  return [
    `${hits.length} matches in ${paths.size} files, ${searched.length} files searched`,
    ...hits,
  ].join("\n");
}
