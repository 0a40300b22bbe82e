// A transcript, pulled from its workflow and kept.
import { ApplicationFailure } from "@temporalio/activity";
import type { Client } from "@temporalio/client";
import { LRUCache } from "lru-cache";
import { failureTypes } from "../../protocol/failures.ts";
import { transcriptQuery } from "../../protocol/messages.ts";
import type { Message, TranscriptHeader, TranscriptRef } from "../../protocol/turn.ts";
import { untilCancelled } from "../tasks/until-cancelled.ts";

export interface PulledTranscript {
  readonly header: TranscriptHeader;
  readonly messages: readonly Message[];
}

const cacheBytes = 128 * 1024 * 1024;

export type PullTranscript = (ref: TranscriptRef) => Promise<PulledTranscript>;

/**
 * Pulls only what is not here yet, in pages. The prefix a reference names never changes. The
 * workflow is asked in any case: a worker that stood still may begin a call that others have
 * answered since.
 */
export function createPullTranscript(client: Client): PullTranscript {
  const cache = new LRUCache<string, PulledTranscript>({
    maxSize: cacheBytes,
    sizeCalculation: ({ messages }) => 1_000 + JSON.stringify(messages).length,
  });
  return async (ref) => {
    const key = `${ref.workflowId}/${ref.runId}/${ref.generation}`;
    const entry = await fill(client, ref, cache.get(key));
    cache.set(key, entry);
    return entry;
  };
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
