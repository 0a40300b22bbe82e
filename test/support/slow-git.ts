// Git that takes its time over one command when it is told to.
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const seconds = 3;
/** Tenths of a second: nothing waits for a test that failed. */
const most = 600;

export interface SlowGit {
  /** For the environment of a worker. */
  readonly path: string;
  /** The next calls whose arguments hold these words wait first, and say that they have begun. */
  delay(words: string): void;
  /** The same until they are told to hurry. */
  hold(words: string): void;
  readonly hasBegun: () => boolean;
  hurry(): void;
}

export async function newSlowGit(): Promise<SlowGit> {
  const folder = await mkdtemp(join(tmpdir(), "bosun-git-"));
  const bin = join(folder, "bin");
  await mkdir(bin);
  const words = join(folder, "words");
  const begun = join(folder, "begun");
  const held = join(folder, "held");
  const usual = "/usr/local/bin:/usr/bin:/bin";
  const script = `#!/bin/sh
PATH=${usual}
if [ -e ${words} ]; then
  case " $* " in *" $(cat ${words}) "*)
    touch ${begun}
    if [ -e ${held} ]; then
      tries=0
      while [ -e ${held} ] && [ $tries -lt ${most} ]; do sleep 0.1; tries=$((tries + 1)); done
    else
      sleep ${seconds}
    fi;;
  esac
fi
exec git "$@"
`;
  writeFileSync(join(bin, "git"), script);
  chmodSync(join(bin, "git"), 0o755);
  const delay = (text: string): void => {
    rmSync(begun, { force: true });
    writeFileSync(words, text);
  };
  return {
    path: `${bin}:${usual}`,
    delay,
    hold: (text) => {
      writeFileSync(held, "");
      delay(text);
    },
    hasBegun: () => existsSync(begun),
    hurry: () => [words, held].forEach((file) => rmSync(file, { force: true })),
  };
}
