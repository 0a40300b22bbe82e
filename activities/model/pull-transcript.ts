// A transcript, pulled from its workflow and kept.
import { ApplicationFailure } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import { LRUCache } from "lru-cache";
import { failureTypes } from "../../protocol/failures.ts";
import { transcriptQuery } from "../../protocol/messages.ts";
import type { HeaderKey, Message, TranscriptHeader, TranscriptRef } from "../../protocol/turn.ts";
import { hasJustBegun } from "../has-just-begun.ts";
import { untilCancelled } from "../tasks/until-cancelled.ts";

export interface PulledTranscript {
  readonly header: TranscriptHeader;
  readonly messages: readonly Message[];
}

const cacheBytes = 128 * 1024 * 1024;
const headersBytes = 16 * 1024 * 1024;

export type PullTranscript = (ref: TranscriptRef) => Promise<PulledTranscript>;

/**
 * Pulls only what is not here yet, in pages. The prefix a reference names never changes. Where nothing
 * is missing, the workflow is still asked unless the call has just begun: a worker that stood still may
 * begin one that others have answered since.
 */
export function createPullTranscript(client: Client): PullTranscript {
  const cache = new LRUCache<string, PulledTranscript>({
    maxSize: cacheBytes,
    sizeCalculation: ({ messages }) => 1_000 + JSON.stringify(messages).length,
  });
  const headers = new LRUCache<string, TranscriptHeader>({
    maxSize: headersBytes,
    sizeCalculation: (header) => JSON.stringify(header).length,
  });
  return async (ref) => {
    const key = `${ref.workflowId}/${ref.runId}/${ref.generation}`;
    const name = ref.header && toName(ref.header);
    const known = cache.get(key);
    const header = known?.header ?? (name && headers.get(name));
    const whole = header && hasJustBegun() ? complete(ref, known?.messages ?? []) : undefined;
    const entry = header && whole ? { header, messages: whole } : await fill(client, ref, known);
    cache.set(key, entry);
    if (name && !headers.has(name)) headers.set(name, entry.header);
    return entry;
  };
}

const toName = ({ print, model, backend }: HeaderKey): string => `${backend} ${model} ${print}`;

/** The whole prefix, where what is known and what came with the call are all of it. */
function complete({ upTo, tail = [] }: TranscriptRef, known: readonly Message[]) {
  const from = upTo - tail.length;
  return known.length < from ? undefined : [...known.slice(0, from), ...tail];
}

async function fill(
  client: Client,
  ref: TranscriptRef,
  known: PulledTranscript | undefined,
): Promise<PulledTranscript> {
  const messages = [...(known?.messages ?? [])];
  let header = known?.header;
  do {
    const page = await pull(client, ref, header ? messages.length : 0);
    if (page.generation !== ref.generation) {
      throw ApplicationFailure.nonRetryable(
        `The transcript is at generation ${page.generation}, not ${ref.generation}.`,
        failureTypes.staleGeneration,
      );
    }
    if (page.total > ref.upTo) throw unavailable("this call has been answered since");
    if (page.messages.length === 0 && messages.length < ref.upTo) {
      throw unavailable("a page was empty");
    }
    messages.push(...page.messages);
    header ??= page.header;
  } while (messages.length < ref.upTo || !header);
  return { header, messages };
}

async function pull(client: Client, ref: TranscriptRef, from: number) {
  try {
    const handle = client.workflow.getHandle(ref.workflowId, ref.runId);
    const input = { generation: ref.generation, from, to: ref.upTo };
    return await untilCancelled(client, () => handle.query(transcriptQuery, input));
  } catch (error) {
    throw unavailable(error instanceof Error ? error.message : String(error));
  }
}

function unavailable(why: string): ApplicationFailure {
  return ApplicationFailure.retryable(
    `The transcript could not be pulled just now (${why.slice(0, 200)}).`,
    failureTypes.transcriptUnavailable,
  );
}
