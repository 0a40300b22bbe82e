// One server for all tests, a model for each file.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Minutes of real crashes: npm run test:faults.
    exclude: ["test/faults/**"],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/quiet.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Who hangs is told apart from who is slow: every wait of a test has a limit of its own.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { NO_COLOR: "1" },
  },
});
