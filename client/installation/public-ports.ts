// The ports of a process that others may reach.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const listening = "0A";

/** Ports a process listens on beyond loopback, or undefined where that cannot be seen. */
export function publicPorts(pid: number): readonly number[] | undefined {
  try {
    const sockets = socketsOf(pid);
    return ["tcp", "tcp6"]
      .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === listening && sockets.has(fields[9] ?? ""))
      .map((fields) => (fields[1] ?? "").split(":"))
      .filter(([address = ""]) => !isLoopback(address))
      .map(([, port = ""]) => Number.parseInt(port, 16));
  } catch {
    return undefined;
  }
}

/** Addresses are hexadecimal words in the machine's byte order. */
function isLoopback(address: string): boolean {
  return address.endsWith("7F") || /^0{24}01000000$/.test(address);
}

function socketsOf(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  const links = readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
