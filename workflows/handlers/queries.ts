// What an agent answers to queries.
import { setHandler } from "@temporalio/workflow";
import {
  checkTaskQuery,
  feedQuery,
  handoverQuery,
  knowsQuery,
  transcriptEndQuery,
  transcriptQuery,
} from "../../protocol/messages.ts";
import { type Agent, boundModelOf } from "../agent/agent.ts";
import { toHandover } from "../tasks/handover.ts";
import { readFeed } from "../agent/feed.ts";
import { answerRecords } from "../tasks/records.ts";
import { toReport, toSupervisorStatus } from "../agent/report.ts";
import { findTask } from "../tasks/board.ts";
import { toPage } from "../transcript/transcript.ts";

/** What both kinds of agent answer. */
export function answerQueries(agent: Agent): void {
  const { state } = agent;
  answerRecords(agent);
  setHandler(transcriptQuery, ({ generation, from, to }) => {
    if (generation !== state.generation.number) {
      return { generation: state.generation.number, total: 0, messages: [] };
    }
    const page = toPage(state.generation, from, to);
    return from === 0 ? { ...page, header: toHeader(agent) } : page;
  });
  setHandler(transcriptEndQuery, () => ({
    generation: state.generation.number,
    total: state.generation.messages.length,
  }));
  setHandler(knowsQuery, ({ ids }) => ids.filter((id) => findTask(state.board, id)));
  setHandler(handoverQuery, () => toHandover(agent));
  setHandler(checkTaskQuery, (detail) => toReport(agent, detail));
  setHandler(feedQuery, (after) => readFeed(state.feed, after, toSupervisorStatus(agent)));
}

function toHeader(agent: Agent) {
  const { generation, definition } = agent.state;
  return {
    model: boundModelOf(agent),
    backend: generation.backend,
    system: definition?.system ?? "",
    tools: definition?.tools ?? [],
  };
}
