// A whole transcript, page by page.
import type { Client } from "@temporalio/client";
import { transcriptEndQuery, transcriptQuery } from "../protocol/messages.ts";
import type { Message, TranscriptPage } from "../protocol/turn.ts";
import { callWorker } from "./call.ts";

/** A worker that has just come up replays the workflow first. */
const pageMs = 10_000;

/** The newest generation as one page. Throws `RequestError`, code `noWorker` when none runs. */
export async function readTranscript(client: Client, id: string): Promise<TranscriptPage> {
  const handle = client.workflow.getHandle(id);
  const { generation, total } = await callWorker(client, id, () =>
    handle.query(transcriptEndQuery),
  );
  const messages: Message[] = [];
  let header: TranscriptPage["header"];
  do {
    const input = { generation, from: messages.length, to: total };
    const page = await callWorker(client, id, () => handle.query(transcriptQuery, input), pageMs);
    header ??= page.header;
    messages.push(...page.messages);
    if (page.messages.length === 0) break;
  } while (messages.length < total);
  return { generation, total, messages, ...(header && { header }) };
}
