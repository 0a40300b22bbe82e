// Bosun, as it is measured.
import type { Bosun } from "../../client/index.ts";
import { readCost } from "./read-cost.ts";
import type { Side } from "./side.ts";

export function toBosunSide(bosun: Bosun, workspace: string, pid: number): Side {
  return {
    pid,
    cost: (id) => readCost(bosun.client, id),
    async open() {
      const { supervisor } = await bosun.start({ workspace });
      return {
        id: supervisor.id,
        say: async (text) => void (await supervisor.send(text)),
        tasks: async () => (await supervisor.tasks()).map(({ taskId }) => taskId),
        end: () => supervisor.end(),
      };
    },
  };
}
