// A person's decision, and what became of it.
import { type Decision, type OpenRequest, outcomeWords } from "../../protocol/requests.ts";
import { checkCall } from "../../protocol/tools/tools.ts";
import type { Bosun } from "../bosun.ts";
import type { DecisionTaken } from "../decide.ts";
import { type Spoken, toAsked, toDecisions } from "../screen/request-lines.ts";
import { cutLine } from "../screen/wrap-text.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import { TaskHandle } from "../task-handle.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { toPerson } from "./person.ts";
import { pickHandle, toHandle } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

/** Decides, and says what became of it. */
export async function decideAndTell(
  asked: { readonly given: string; readonly request: string | undefined },
  decision: Decision,
  { json }: { readonly json?: boolean },
  context: Context,
): Promise<void> {
  await withBosun(context, async (bosun) => {
    const { asker, request } = await findAsker(bosun, asked.given, asked.request);
    const { id } = asker.handle;
    const taken = await decideRequest(asker, decision, request);
    if (json) context.json(toDecidedJson(id, decision.type, taken));
    else context.print(toDecidedText(id, taken));
  });
}

/** An agent and what it asks. */
interface Asker {
  readonly handle: TaskHandle | SupervisorHandle;
  readonly status: string;
  readonly requests: readonly OpenRequest[];
}

/** Who is meant by the id of an agent, or by the id of what one asks. */
export async function findAsker(
  bosun: Bosun,
  given: string,
  request: string | undefined,
  pick = (text: string) => pickHandle(bosun, text),
): Promise<{ asker: Asker; request: string | undefined }> {
  if (!isRequestId(given)) return { asker: await readAsker(await pick(given)), request };
  const found = (await bosun.requests()).filter(({ requestId }) => requestId.startsWith(given));
  const [only, other] = found;
  if (!only) {
    throw new CommandError(`Nothing waits under ${given}. It may be decided already: bosun inbox`);
  }
  if (other) {
    const some = found.map(({ requestId }) => requestId).join(", ");
    throw new CommandError(`"${given}" could be any of ${some}. Give more of the id.`, 2);
  }
  return { asker: await readAsker(await toHandle(bosun, only.id)), request: only.requestId };
}

export const isRequestId = (text: string): boolean => /^q-[0-9a-f]+$/.test(text);

export async function readAsker(handle: Asker["handle"]): Promise<Asker> {
  const view = handle instanceof TaskHandle ? await handle.view() : await handle.status();
  const { status, requests = [] } = view;
  return { handle, status, requests };
}

/** Decides the request that is named, else the only one that fits. */
export async function decideRequest(
  asker: Asker,
  decision: Decision,
  given: string | undefined,
  spoken: Spoken = "bosun ",
): Promise<DecisionTaken> {
  const requestId = pickRequest(asker, decision, given, spoken);
  return await asker.handle.decide(requestId, decision, toPerson());
}

/** One that is not listed may have been decided before, or come after the first ten: the agent knows. */
function pickRequest(
  asker: Asker,
  decision: Decision,
  given: string | undefined,
  spoken: Spoken,
): string {
  const { requests } = asker;
  const named = requests.filter(({ requestId }) => given && requestId.includes(given));
  if (given && named.length !== 1) return given;
  const fitting = (given ? named : requests).filter(({ kind }) => fits(kind, decision));
  const [request, other] = fitting;
  if (!request || other) throw toChoice(asker, decision, named, spoken);
  if (decision.type === "approve" && decision.input) checkEdit(request, decision.input);
  return request.requestId;
}

const fits = (kind: OpenRequest["kind"], { type }: Decision): boolean =>
  type === "deny" || (type === "approve") === (kind === "approval");

/** What it does ask, each with the commands that decide it. */
function toChoice(
  { handle, status, requests }: Asker,
  { type }: Decision,
  named: readonly OpenRequest[],
  spoken: Spoken,
): CommandError {
  const { id } = handle;
  if (requests.length === 0) {
    const inbox = `${spoken}inbox`;
    return new CommandError(
      `${id} is ${status} and asks nothing of a person just now. See what waits with: ${inbox}`,
    );
  }
  const shown = named.length > 0 ? named : requests;
  const lines = shown.map((one) => {
    const [first, deny] = toDecisions(id, one, spoken);
    return `  ${cutLine(`${one.requestId} ${toAsked(one)}`, 100)}\n    ${type === "deny" ? deny : first}`;
  });
  return new CommandError([`${toWhy(id, type, shown)}:`, ...lines].join("\n"), 2);
}

function toWhy(id: string, type: Decision["type"], shown: readonly OpenRequest[]): string {
  const some = shown.some(({ kind }) => fits(kind, { type } as Decision));
  if (some) return `${id} asks more than one thing. Say which`;
  return type === "approve"
    ? `${id} asks a question, which is answered in words`
    : `${id} asks for an approval, which takes no words`;
}

/** The agent checks it too, but a decision that is only stored is checked too late to be mended. */
function checkEdit({ tool }: OpenRequest, input: Readonly<Record<string, unknown>>): void {
  const checked = checkCall(tool, input, [tool]);
  if (checked.ok) return;
  throw new CommandError(`The edited arguments cannot be used. ${checked.error}`, 2);
}

/** What became of a decision, in words. */
export function toDecidedText(id: string, taken: DecisionTaken): string {
  const { requestId, known, settled } = taken;
  if (!settled) {
    return `${id}: decision on ${requestId} stored, no worker has taken it yet. It is heeded when one runs: bosun worker`;
  }
  const outcome = outcomeWords[settled.outcome];
  if (!known) return `${id}: ${requestId} ${outcome}`;
  return `${id}: ${requestId} had been ${outcome} before, by ${settled.by || "nobody"}, ${settled.at}`;
}

/** The same for programs. */
function toDecidedJson(id: string, decision: Decision["type"], taken: DecisionTaken) {
  const { requestId, known, stored, settled } = taken;
  return { id, requestId, decision, known, stored, settled: settled ?? null };
}
