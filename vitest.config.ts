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
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { NO_COLOR: "1" },
  },
});
