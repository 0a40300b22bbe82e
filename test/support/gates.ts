// Tasks that end when a test says so.
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { addAgent } from "./add-agent.ts";
import { startCall } from "./lead-agent.ts";
import type { Rule } from "./scripted-model.ts";
import { openWorld, until, type World } from "./world.ts";

/** A world with an agent that may delegate. */
export async function openGates(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await openWorld({ env });
  await addAgent(world, "lead", "tools: read_file, write_file\ndelegate: true");
  await world.model.script(`gates-${world.installation}`, [
    ...gateRules,
    // Whatever a supervisor hears besides what a test tells it to call.
    {
      when: {
        system: "^# supervisor",
        anyUser: `call-${world.installation}-`,
        lastUser: String.raw`(?<![\s\S])(?![\s\S]*call-\S*-end)[\s\S]*(bosun-event|\?)`,
      },
      reply: { text: "Noted." },
    },
  ]);
  return world;
}

const own = { system: "^# researcher", anyUser: "^~gate" };
/** A researcher whose description begins with `~gate` waits for the event `go`, and says then that it passed. */
const gateRules: readonly Rule[] = [
  {
    when: { ...own, assistantTurns: 0 },
    reply: {
      toolCalls: [{ name: "wait_for_event", input: { name: "go", timeout_minutes: 10 } }],
    },
  },
  { when: own, reply: { text: "Passed the gate." } },
  { when: { system: "^# researcher", anyUser: "^~quick" }, reply: { text: "Quickly done." } },
  {
    when: { system: "^# researcher", anyUser: "^~slow" },
    reply: { text: "Slowly done.", until: "never" },
  },
  { when: { system: "^# researcher", anyUser: "^~unwilling" }, reply: { stopReason: "refusal" } },
];

export interface Call {
  readonly name: string;
  readonly input: object;
}

export const start = (description: string, options: object = {}): Call =>
  startCall(description, "researcher", options);

export interface Answered {
  readonly text: string;
  readonly isError: boolean;
}

let calls = 0;

/** Says to a supervisor what to call, without waiting for the answer. The mark is in what it is told. */
export async function tellCalls(
  world: World,
  supervisor: SupervisorHandle,
  toolCalls: readonly Call[],
): Promise<string> {
  calls += 1;
  const mark = `call-${world.installation}-${calls}-end`;
  await world.model.script(mark, [
    {
      when: { system: "^# supervisor", lastUser: mark },
      // As they are: also what the model's own check of arguments would refuse.
      reply: { content: toolCalls.map((call) => ({ type: "tool_use", ...call })) },
    },
    ...toolCalls.map(({ name }) => ({
      when: { system: "^# supervisor", anyUser: mark, afterTool: name },
      reply: { text: "Done." },
    })),
  ]);
  await supervisor.send(mark);
  return mark;
}

/** Has a supervisor make calls, and resolves to their results, in order. */
export async function callTools(
  world: World,
  supervisor: SupervisorHandle,
  toolCalls: readonly Call[],
): Promise<readonly Answered[]> {
  const mark = await tellCalls(world, supervisor, toolCalls);
  return await resultsOf(supervisor, mark);
}

/** The results of the calls that follow a mark, once the supervisor has answered. */
export async function resultsOf(
  supervisor: SupervisorHandle,
  mark: string,
): Promise<readonly Answered[]> {
  return await until(`the answer to ${mark}`, async () => {
    const { messages } = await supervisor.transcript();
    const from = messages.findIndex((message) => JSON.stringify(message.content).includes(mark));
    const results = messages[from + 2]?.content.flatMap((block) =>
      block.type === "tool_result"
        ? [
            {
              text: typeof block.content === "string" ? block.content : "",
              isError: block.is_error ?? false,
            },
          ]
        : [],
    );
    const said = messages[from + 3];
    return from >= 0 && said && results;
  });
}

export async function startTasks(
  world: World,
  supervisor: SupervisorHandle,
  toolCalls: readonly Call[],
): Promise<readonly string[]> {
  const answers = await callTools(world, supervisor, toolCalls);
  return answers.map(({ text }) => (JSON.parse(text) as { task_id: string }).task_id);
}

export async function untilTask(
  world: World,
  taskId: string,
  fits: (view: TaskView) => boolean,
): Promise<TaskView> {
  return await until(`${taskId} as wanted`, async () => {
    const view = await world.bosun.task(taskId).view();
    return fits(view) && view;
  }).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await world.bosun.task(taskId).view())}`);
  });
}

/** How often a transcript holds each of these texts. */
export async function countIn(
  agent: Pick<SupervisorHandle, "transcript">,
  text: string,
): Promise<number> {
  const { messages } = await agent.transcript();
  return JSON.stringify(messages).split(text).length - 1;
}

/** Words of the first user message of an agent. */
export async function firstWords(agent: Pick<SupervisorHandle, "transcript">): Promise<string> {
  const { messages } = await agent.transcript();
  return (messages[0]?.content ?? [])
    .map((block) => (block.type === "text" ? block.text : ""))
    .join("\n");
}
