import type { ViteUserConfig } from "vitest/config";

const shared = { testTimeout: 30_000, hookTimeout: 60_000 };

const config: ViteUserConfig = {
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/contract/**", "test/e2e/**", "test/torture/**"],
        },
      },
      { test: { ...shared, name: "contract", include: ["test/contract/**/*.test.ts"] } },
      {
        test: {
          ...shared,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      // The short forms; `npm run torture` asks for the long ones. One at a time: they measure memory and latency.
      {
        test: {
          ...shared,
          name: "torture",
          include: ["test/torture/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
    coverage: { provider: "v8", include: ["src/**", "exporters/**"], reporter: ["text-summary"] },
  },
};

export default config;
