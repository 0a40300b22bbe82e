// A slow machine is not taken for absent workers.
import type { RunningWorkers } from "../../workers/worker.ts";

/** Workers that answer for workflows, and of which installation. */
const serving = new Map<RunningWorkers, string>();
const patienceMs = 20_000;

export function servedBy(workers: RunningWorkers, installation: string): void {
  serving.set(workers, installation);
  const leave = () => void serving.delete(workers);
  workers.done.then(leave, leave);
}

/** While workers of an installation run here, what they are asked is waited for. */
export function toPatient(deadline: number | Date, installation = ""): number | Date {
  const isServed = [...serving.values()].includes(installation);
  return isServed ? Math.max(Number(deadline), Date.now() + patienceMs) : deadline;
}
