// A piece of network that a test can take away.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * `open` carries everything. `cut` drops every connection and refuses new ones. `stalled` takes
 * connections and is silent. `deaf` carries requests and drops the answers.
 */
export type LinkState = "open" | "cut" | "stalled" | "deaf";

export interface Link {
  readonly address: string;
  readonly port: number;
  set(state: LinkState): void;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Answers were dropped: what follows them would make no sense. */
  torn: boolean;
}

export async function openLink(targetPort: number): Promise<Link> {
  const pairs = new Set<Pair>();
  let state: LinkState = "open";
  const server = createServer((near) => {
    if (state === "cut") return void near.destroy();
    const pair = { near, far: connect(targetPort, "127.0.0.1"), torn: false };
    pairs.add(pair);
    carry(pair, () => state);
    near.once("close", () => pairs.delete(pair));
    if (state === "stalled") hold(pair);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    set(next) {
      state = next;
      for (const pair of pairs) {
        if (next === "cut" || (next === "open" && pair.torn)) tear(pair);
        else if (next === "stalled") hold(pair);
        else release(pair);
      }
    },
    async close() {
      pairs.forEach(tear);
      server.close();
      await once(server, "close");
    },
  };
}

function carry(pair: Pair, state: () => LinkState): void {
  const { near, far } = pair;
  near.on("data", (bytes) => far.write(bytes));
  far.on("data", (bytes) => {
    if (state() === "deaf") pair.torn = true;
    if (!pair.torn) near.write(bytes);
  });
  for (const socket of [near, far]) {
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.once("close", () => tear(pair));
  }
}

function hold({ near, far }: Pair): void {
  near.pause();
  far.pause();
}

function release({ near, far }: Pair): void {
  near.resume();
  far.resume();
}

function tear({ near, far }: Pair): void {
  near.destroy();
  far.destroy();
}
