// One installation of Bosun, as typed calls.
import { randomUUID } from "node:crypto";
import { Client, Connection, type ConnectionOptions } from "@temporalio/client";
import { supervisorAgent } from "../protocol/agent.ts";
import type { Budget } from "../protocol/budget.ts";
import { type Environment, toSettings } from "../protocol/environment.ts";
import { idRule, isWorkflowId, toQueues, toSupervisorId } from "../protocol/ids.ts";
import type { Applied } from "../protocol/isolation.ts";
import type { PersonMessage } from "../protocol/messages.ts";
import { searchKeys, toSearchAttributes } from "../protocol/search-attributes.ts";
import type { Settings } from "../protocol/settings.ts";
import { toLine } from "../protocol/text.ts";
import { type AgentMemo, memoKeys } from "../protocol/views.ts";
import { type Supervisor, workflowTypes } from "../protocol/workflows.ts";
import { callServer } from "./call.ts";
import { applyDiff, readDiff, type TaskDiff } from "./diffs.ts";
import { checkText } from "./check-text.ts";
import {
  type Agents,
  findIds,
  type Found,
  listInbox,
  listInstallation,
  type PersonInbox,
} from "./list-executions.ts";
import { RequestError } from "./request-error.ts";
import { SupervisorHandle } from "./supervisor-handle.ts";
import { TaskHandle } from "./task-handle.ts";
import type { WaitingRequest } from "./waiting-requests.ts";

export interface BosunOptions {
  readonly connection: ConnectionOptions;
  /** Default: `default`. */
  readonly namespace?: string;
  /** The id that separates this installation's queues from others on the server. */
  readonly installation: string;
  /** The id of the host whose files a workspace path names. */
  readonly host: string;
  /** What agents are started with: models, limits, backend. */
  readonly environment: Environment;
}

export interface StartOptions {
  /** Letters, digits, `-` and `_`, never used before. Default: a new one. */
  readonly id?: string;
  /** Absolute path of the folder that agents work on. */
  readonly workspace: string;
  /** Name of an agent file. Default: `supervisor`. */
  readonly agent?: string;
  /** What it reads first. Without it, it waits for `send`. */
  readonly message?: string;
  /** The most that it may spend with all of its tasks. What is missing is as the settings have it. */
  readonly budget?: Budget;
}

export interface Started {
  readonly supervisor: SupervisorHandle;
  /** Set when there was a message: replies name it. */
  readonly messageId?: string;
}

/** Opens a connection. Throws `RequestError`, code `unreachable`. `close` it when done. */
export async function connectBosun(options: BosunOptions): Promise<Bosun> {
  try {
    const connection = await Connection.connect({ connectTimeout: "5s", ...options.connection });
    const namespace = options.namespace ?? "default";
    return new Bosun(new Client({ connection, namespace }), options);
  } catch (error) {
    const address = options.connection.address ?? "localhost:7233";
    throw new RequestError("unreachable", `No Temporal server answered at ${address}.`, {
      cause: error,
    });
  }
}

export class Bosun {
  readonly client: Client;
  readonly installation: string;
  readonly #options: BosunOptions;
  #settings: Promise<Settings> | undefined;

  constructor(client: Client, options: BosunOptions) {
    this.client = client;
    this.installation = options.installation;
    this.#options = options;
  }

  /** Starts a supervisor. Throws `RequestError`, code `exists` when the id was ever used. */
  async start(options: StartOptions): Promise<Started> {
    const id = options.id ?? toSupervisorId(randomUUID());
    if (!isWorkflowId(id)) throw new RequestError("refused", `Not an id: ${id}. Use ${idRule}.`);
    const messages = toMessages(options.message, this.#maxMessageBytes);
    await this.#startWorkflow(id, options, messages);
    const supervisor = this.supervisor(id);
    return { supervisor, ...(messages[0] && { messageId: messages[0].id }) };
  }

  /** A handle, whether or not the id exists: the first call tells. */
  supervisor(id: string): SupervisorHandle {
    return new SupervisorHandle(this.client, id, this.#maxMessageBytes);
  }

  /** The same for a task, whoever started it. */
  task(id: string): TaskHandle {
    return new TaskHandle(this.client, id, this.#maxMessageBytes);
  }

  /** Every supervisor, newest first, and every task that has not ended. Lags by a moment. */
  list(): Promise<Agents> {
    return listInstallation(this.client, this.installation);
  }

  /** Everything that waits for a person, oldest first. Needs no worker, lags by a moment. */
  async requests(): Promise<readonly WaitingRequest[]> {
    return (await this.inbox()).requests;
  }

  /** The same, with the agents that do not get on. */
  inbox(): Promise<PersonInbox> {
    return listInbox(this.client, this.installation);
  }

  /** Supervisors and tasks whose ids contain a text, newest first. */
  find(part: string): Promise<readonly Found[]> {
    return findIds(this.client, this.installation, part);
  }

  /** What an ended task with isolation has changed, or one attempt at it. Needs a tools worker of its host. */
  diff(taskId: string, only?: "stat", attempt?: number): Promise<TaskDiff> {
    return readDiff(this.client, this.installation, taskId, only, attempt);
  }

  /** Applies it to the workspace: all of it, or nothing, and `outcome` says which. */
  apply(taskId: string, attempt?: number): Promise<Applied> {
    return applyDiff(this.client, this.installation, taskId, attempt);
  }

  /** What agents started here run with. */
  settings(): Promise<Settings> {
    this.#settings ??= this.#readSettings();
    return this.#settings;
  }

  async close(): Promise<void> {
    await this.client.connection.close();
  }

  get #maxMessageBytes(): number {
    return this.#options.environment.limits.maxMessageBytes;
  }

  async #startWorkflow(id: string, options: StartOptions, messages: readonly PersonMessage[]) {
    const settings = await this.settings();
    const agent = options.agent ?? supervisorAgent;
    const memo: AgentMemo = {
      agent,
      description: options.workspace,
      parentId: null,
      rootId: id,
      depth: 0,
      startedAt: new Date().toISOString(),
      backend: settings.backend,
    };
    const workspace = { host: this.#options.host, path: options.workspace };
    const attributes = toSearchAttributes({ name: agent, status: "idle", depth: 0 });
    await callServer(this.client, id, () =>
      this.client.workflow.start<Supervisor>(workflowTypes.supervisor, {
        workflowId: id,
        workflowIdReusePolicy: "REJECT_DUPLICATE",
        taskQueue: toQueues(this.installation).workflows,
        args: [{ agent, workspace, messages, settings, budget: options.budget ?? {} }],
        memo: { [memoKeys.agent]: memo },
        staticDetails: toDetails(agent, options),
        staticSummary: `${agent} on ${options.workspace}`.slice(0, 200),
        ...(settings.searchAttributes && { typedSearchAttributes: attributes }),
      }),
    );
  }

  async #readSettings(): Promise<Settings> {
    const searchAttributes = await hasSearchAttributes(this.client);
    return toSettings(this.#options.environment, {
      installation: this.installation,
      searchAttributes,
    });
  }
}

function toMessages(text: string | undefined, most: number): readonly PersonMessage[] {
  if (text === undefined) return [];
  checkText(text, "message", most);
  return [{ id: randomUUID(), text, from: "person" }];
}

/** A server that will not say counts as one without them. */
async function hasSearchAttributes(client: Client): Promise<boolean> {
  const { namespace } = client.options;
  try {
    const known = await client.connection.operatorService.listSearchAttributes({ namespace });
    return Object.values(searchKeys).every(({ name }) => name in (known.customAttributes ?? {}));
  } catch {
    return false;
  }
}

/** What the Web UI shows of a supervisor from its start on, as Markdown. */
function toDetails(agent: string, { workspace, message }: StartOptions): string {
  const first = message === undefined ? [] : [`First message: ${toLine(message, 2_000)}`];
  return [`A conversation with **${agent}** about \`${workspace}\`.`, ...first].join("\n\n");
}
