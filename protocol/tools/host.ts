// The tools that read, change and run what is on a host.
import { z } from "zod";
import { shape, type Shaped } from "../shape.ts";
import { line, spec } from "./spec.ts";

const path = z.string().min(1).describe("Path inside the workspace, or under artifacts/");

export const listFilesInput = shape(
  z.strictObject({
    path: path.optional().describe("Folder to list. Default: the whole workspace"),
    pattern: z.string().min(1).optional().describe("Glob, for example **/*.md or !**/*.test.ts"),
  }),
);

export const readFileInput = shape(
  z.strictObject({
    path,
    offset: z.int().min(1).optional().describe("First line, from 1"),
    limit: z.int().min(1).max(2_000).optional().describe("Number of lines. Default: 400"),
  }),
);

export const searchFilesInput = shape(
  z.strictObject({
    pattern: z.string().min(1).max(500).describe("RE2 regular expression, matched line by line"),
    path: path.optional().describe("File or folder to search. Default: the whole workspace"),
    glob: z
      .string()
      .min(1)
      .optional()
      .describe("Only files that match, for example **/*.ts or !**/*.md"),
  }),
);

export const writeFileInput = shape(
  z.strictObject({
    path,
    content: z.string().describe("The whole new content"),
  }),
);

export const editFileInput = shape(
  z.strictObject({
    path,
    old_text: z
      .string()
      .min(1)
      .describe("Exact text to replace. Must occur once, unless replace_all"),
    new_text: z.string(),
    replace_all: z.boolean().optional(),
  }),
);

/** Longest time a command may take. */
const maxCommandSeconds = 1_800;

export const runCommandInput = shape(
  z.strictObject({
    command: z.string().trim().min(1).max(20_000).describe("A bash command. Its input is empty"),
    timeout_seconds: z
      .int()
      .min(1)
      .max(maxCommandSeconds)
      .optional()
      .describe("When it is stopped. Default: 120"),
    cwd: path.optional().describe("Folder to run it in. Default: the workspace"),
  }),
);

const files = { timeoutMs: 120_000 };

export const hostSpecs = {
  list_files: spec<Shaped<typeof listFilesInput>>({
    ...files,
    effect: "read",
    description:
      "List the files of the workspace with their sizes in bytes. Ignored files, .git and .bosun are left out.",
    input: listFilesInput,
    label: (input) => `list_files ${line(input.pattern ?? input.path ?? ".")}`,
  }),
  read_file: spec<Shaped<typeof readFileInput>>({
    ...files,
    effect: "read",
    description:
      "Read a text file, with line numbers. Long files come in pages: use offset and limit. artifacts/… holds what tasks and long tool outputs left behind.",
    input: readFileInput,
    label: (input) => `read_file ${line(input.path)}`,
  }),
  search_files: spec<Shaped<typeof searchFilesInput>>({
    ...files,
    effect: "read",
    description: "Search text files for a regular expression. Returns path:line: text.",
    input: searchFilesInput,
    label: (input) => `search_files ${line(input.pattern)}`,
  }),
  write_file: spec<Shaped<typeof writeFileInput>>({
    ...files,
    effect: "write",
    description:
      "Write a whole text file, creating folders as needed. Put reports and notes under artifacts/, which every task of this conversation can read and which never touches the workspace.",
    input: writeFileInput,
    label: (input) => `write_file ${line(input.path)}`,
  }),
  edit_file: spec<Shaped<typeof editFileInput>>({
    ...files,
    effect: "write",
    description: "Replace exact text in a file. Read the file first.",
    input: editFileInput,
    label: (input) => `edit_file ${line(input.path)}`,
  }),
  run_command: spec<Shaped<typeof runCommandInput>>({
    effect: "write",
    // Stopping it and keeping its output take time, too.
    timeoutMs: (maxCommandSeconds + 60) * 1_000,
    approval: true,
    stoppable: true,
    description:
      "Run a command in the workspace, for example tests or a build, and get its exit code with what it printed. Everything it started is stopped when it ends. There may be no network. Use the other tools to read, search and edit files.",
    input: runCommandInput,
    label: (input) => `run_command ${line(input.command)}`,
  }),
};
