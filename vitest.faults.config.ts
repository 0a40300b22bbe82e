// How the fault tests run: real processes that die.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/quiet.ts"],
    pool: "forks",
    // They wait more than they work.
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    env: { NO_COLOR: "1" },
  },
});
