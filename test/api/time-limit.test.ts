/** Every question to a store that does not answer in time, over HTTP and from the command line. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../cli/cli-harness.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, startApi } from "./api-fixture.ts";

const never = (): Promise<never> => new Promise(() => {});
const MESSAGE = "no answer within 5 ms; ask for a shorter time range or fewer results";

let slow: ApiServer;
beforeAll(async () => {
  slow = await startApi(undefined, {
    limits: { timeLimitMillis: 5, maxRunning: 100 },
    catalogue: { services: never, operations: never, attributeKeys: never, attributeValues: never },
    statistics: { serviceStatistics: never, dependencies: never },
    reader: {
      trace: never,
      traceIdsEndingIn: never,
      traces: never,
      search: never,
      scan: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
      scanViews: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
      scanDurations: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
    },
  });
});
afterAll(() => slow.stop());

describe("the time limit of queries", () => {
  it.each([
    "services",
    "operations?service=a",
    "traces",
    "traces?q={}",
    `traces/${CHECKOUT_ID}`,
    `traces/${CHECKOUT_ID}?format=otlp`,
    `traces/${CHECKOUT_ID}?format=jaeger`,
    `traces/${CHECKOUT_ID}?format=zipkin`,
    `traces/${CHECKOUT_ID}/critical-path`,
    `traces/${CHECKOUT_ID}/bottlenecks`,
    "statistics/services",
    "statistics/performance",
    "dependencies",
    "dependencies?format=graph",
  ])("holds for %s, and its answer says what to do", async (path) => {
    const response = await slow.fetch(`/api/v1/${path}`);
    expect(response.headers.get("retry-after")).toBe("1");
    expect([response.status, await response.json()]).toMatchObject([
      504,
      { code: "deadline_exceeded", detail: MESSAGE },
    ]);
  });

  it.each([
    ["search"],
    ["services"],
    ["services", "shop"],
    ["trace", CHECKOUT_ID],
    ["critical-path", CHECKOUT_ID],
    ["stats"],
    ["dependencies"],
    ["export", CHECKOUT_ID],
  ])("is shown by the command %s", async (...command) => {
    const { exitCode, stdout, stderr } = await runCommand(command, {
      env: { TRACAGG_SERVER: `http://127.0.0.1:${slow.port}` },
    });
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(MESSAGE);
  });
});
