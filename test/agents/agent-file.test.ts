// What an agent file may say, and what it may not.
import { describe, expect, test } from "vitest";
import { parseAgentFile } from "../../activities/agents/agent-file.ts";

const parse = (text: string) => parseAgentFile("agents/x.md", Buffer.from(text));
const withMatter = (matter: string, body = "Do it.") =>
  `---\nname: tester\ndescription: Tests things.\n${matter}---\n${body}\n`;

const readOnly = ["list_files", "read_file", "search_files"];

test("the least a file must say", () => {
  expect(parse(withMatter(""))).toEqual({
    file: "agents/x.md",
    approve: [],
    name: "tester",
    description: "Tests things.",
    model: "default",
    tools: readOnly,
    delegate: false,
    system: "# tester\n\nDo it.",
    warnings: [],
  });
});

test("everything a file may say", () => {
  const matter =
    "model: opus\ntools: [read_file, edit_file]\nmaxTurns: 5\nmaxTokens: 900\ndelegate: true\n";
  expect(parse(withMatter(matter))).toMatchObject({
    model: "opus",
    tools: ["read_file", "edit_file"],
    maxTurns: 5,
    maxTokens: 900,
    delegate: true,
    warnings: [],
  });
});

test.each([
  ["model: inherit\n", { model: "inherit" }],
  ["model: claude-opus-5-5\n", { model: "claude-opus-5-5" }],
  ["model:\n", { model: "default" }],
  ["max-turns: 7\nmax-tokens: 8\n", { maxTurns: 7, maxTokens: 8 }],
  ["tools:\n", { tools: readOnly }],
  ["tools: []\n", { tools: [] }],
  ["tools: read_file\n", { tools: ["read_file"] }],
  ["tools: read_file, write_file,\n", { tools: ["read_file", "write_file"] }],
  ["tools:\n  - read_file\n  - read_file\n", { tools: ["read_file"] }],
  ["tools: Read, Grep, Glob, LS\n", { tools: ["read_file", "search_files", "list_files"] }],
  ["tools: [Write, Edit, MultiEdit]\n", { tools: ["write_file", "edit_file"] }],
  ["tools: Read, Bash\n", { tools: ["read_file", "run_command"], warnings: [] }],
  ["tools: Read, Task\n", { tools: ["read_file"], delegate: true }],
  ["tools: Read, Write, AskUserQuestion\napprove: Write\n", { approve: ["write_file"] }],
  ["# a comment\n", { warnings: [] }],
])("front matter %j", (matter, expected) => {
  expect(parse(withMatter(matter))).toMatchObject(expected);
});

describe("what has no counterpart is a warning with its line", () => {
  test.each([
    ["color: blue\n", ["agents/x.md:4: color has no counterpart in Bosun."]],
    [
      "model: opus\npermissionMode: plan\n",
      ["agents/x.md:5: permissionMode has no counterpart in Bosun."],
    ],
    [
      "tools: Read, WebSearch, WebFetch\n",
      [
        "agents/x.md:4: WebSearch has no counterpart in Bosun.",
        "agents/x.md:4: WebFetch has no counterpart in Bosun.",
      ],
    ],
    [
      "tools:\n  - Read\n  - mcp__github__search\n",
      ["agents/x.md:6: mcp__github__search has no counterpart in Bosun."],
    ],
    [
      "tools: Read, Bash(git add:*, git diff:*)\n",
      [
        "agents/x.md:4: Bash is not narrowed to the commands named here. A person decides about each one.",
      ],
    ],
  ])("%j", (matter, warnings) => {
    expect(parse(withMatter(matter)).warnings).toEqual(warnings);
  });
});

describe("the prompt begins with the agent's name", () => {
  test.each([
    ["Do it.", "# tester\n\nDo it."],
    ["# tester\n\nDo it.", "# tester\n\nDo it."],
    ["# Tester\nDo it.", "# tester\n\n# Tester\nDo it."],
    ["\n\n---\nA rule above.", "# tester\n\n---\nA rule above."],
  ])("%j", (body, system) => {
    expect(parse(withMatter("", body)).system).toBe(system);
  });

  test("with a byte order mark and CRLF too", () => {
    const text = `\uFEFF${withMatter("model: opus\n", "One.\nTwo.").replaceAll("\n", "\r\n")}`;
    expect(parse(text)).toMatchObject({ model: "opus", system: "# tester\n\nOne.\nTwo." });
  });
});

describe("a file that is wrong is refused with line and remedy", () => {
  test.each([
    ["", "agents/x.md:1: the file has no front matter. Begin it with"],
    ["Just text.\n", "agents/x.md:1: the file has no front matter"],
    ["---\nname: tester\ndescription: x\nDo it.\n", "agents/x.md:1: the file has no front matter"],
    ["---\n---\nDo it.\n", "agents/x.md:1: the front matter has no name. Add 1 to 30"],
    ["---\nname: tester\n---\nDo it.\n", "agents/x.md:1: the front matter has no description"],
    ["---\njust words\n---\nDo it.\n", "agents/x.md:1: the front matter has no name"],
    [
      "---\nname: tester\ndescription: a: b\n---\nDo it.\n",
      "agents/x.md:3: the front matter is not valid YAML",
    ],
    ["---\nname: a\nname: b\n---\nDo it.\n", "agents/x.md:3: the front matter is not valid YAML"],
    [
      "---\nname: a\ndescription: *none\n---\nDo it.\n",
      "agents/x.md:3: the front matter is not valid YAML",
    ],
    [
      "---\nname: Tester\ndescription: x\n---\nDo it.\n",
      'agents/x.md:2: name is "Tester". It must be 1 to 30 small',
    ],
    ["---\nname: 7\ndescription: x\n---\nDo it.\n", "agents/x.md:2: name is 7."],
    [`---\nname: ${"a".repeat(31)}\ndescription: x\n---\nDo it.\n`, "agents/x.md:2: name is"],
    [
      '---\nname: tester\ndescription: "  "\n---\nDo it.\n',
      'agents/x.md:3: description is " ". It must be text',
    ],
    [withMatter("model: [a]\n"), 'agents/x.md:4: model is ["a"]. It must be opus'],
    [withMatter("maxTurns: 0\n"), "agents/x.md:4: maxTurns is 0. It must be a whole number"],
    [withMatter("max-turns: many\n"), 'agents/x.md:4: maxTurns is "many".'],
    [
      withMatter("delegate: maybe\n"),
      'agents/x.md:4: delegate is "maybe". It must be true or false',
    ],
    [withMatter("tools: {a: 1}\n"), "agents/x.md:4: tools is"],
    [
      withMatter("tools: Read, rm_rf\n"),
      "agents/x.md:4: there is no tool rm_rf. Use list_files, read_file",
    ],
    [
      withMatter("model: opus\ntools:\n  - Read\n  - rm_rf\n"),
      "agents/x.md:7: there is no tool rm_rf",
    ],
    [withMatter("tools: start_async_task\n"), "Write delegate: true instead"],
    [
      withMatter("tools: Read\napprove: Read, Write\n"),
      "agents/x.md:5: approve names Write, which is none of its tools (read_file)",
    ],
    [withMatter("", "  "), "agents/x.md:5: there is no prompt. Write it below"],
    [withMatter("", "x".repeat(100_001)), "agents/x.md:5: the prompt has 100001 bytes"],
  ])("%j", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test("bytes that are not UTF-8", () => {
    const data = Buffer.concat([Buffer.from(withMatter("")), Buffer.from([0xe9])]);
    expect(() => parseAgentFile("agents/x.md", data)).toThrow(
      "agents/x.md:1: the file is not UTF-8",
    );
  });
});
