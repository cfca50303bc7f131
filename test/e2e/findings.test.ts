/** The faults of the demo's shop, found by the server a user runs. */

import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TraceListJson } from "../../src/api/contract.ts";
import type { FindingJson, FindingListJson, WhatIfOverJson } from "../../src/api/trace-analysis-contract.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { CLI_PATH, getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const folder = temporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  const data = join(folder.path, "data");
  mkdirSync(data);
  server = await startServerProcess(data);
  // Ten minutes have ten error bursts.
  const given = [
    "demo",
    "--once",
    "200",
    "--history",
    "10m",
    "--endpoint",
    server.otlpHttp,
    "--server",
    server.ui,
  ];
  await promisify(execFile)(process.execPath, [CLI_PATH, ...given]);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** Findings of one type in each of the newest traces that match. */
async function findingsOf(type: FindingJson["type"], conditions: string): Promise<FindingJson[][]> {
  const { traces } = await getJson<TraceListJson>(server.ui, `/api/v1/traces?pageSize=10&${conditions}`);
  expect(traces.length).toBeGreaterThan(0);
  return await Promise.all(
    traces.map(async ({ traceId }) => {
      const { findings } = await getJson<FindingListJson>(server.ui, `/api/v1/traces/${traceId}/findings`);
      return findings.filter((finding) => finding.type === type);
    }),
  );
}

it("names the N+1 of every purchase: one query of the stock for each item", async () => {
  for (const found of await findingsOf("n_plus_one", "service=inventory&operation=SELECT%20stock")) {
    expect(found).toMatchObject([
      {
        service: "inventory",
        operation: "SELECT * FROM stock WHERE id = ?",
        summary: expect.stringContaining('for inventory "POST /reserve"'),
      },
    ]);
    expect(found[0]?.spanCount).toBeGreaterThanOrEqual(12);
    expect(found[0]?.spans.every(({ operation }) => operation === "SELECT stock")).toBe(true);
    expect(found[0]?.costMs).toBeGreaterThan(10);
  }
});

it("names Redis as the origin of every error of a burst, not the services that passed it on", async () => {
  for (const found of await findingsOf("error_origin", "hasErrors=true")) {
    expect(found).toMatchObject([{ severity: "high", service: "cart", operation: "HGETALL" }]);
    expect(found[0]?.spans[0]).toMatchObject({
      service: "cart",
      operation: "HGETALL",
      error: "ConnectionError: connect ECONNREFUSED redis:6379",
    });
    expect(found[0]?.spans.at(-1)).toMatchObject({ service: "frontend", status: "ERROR" });
  }
});

it("says what a faster card gateway would save over all purchases", async () => {
  const answer = await getJson<WhatIfOverJson>(
    server.ui,
    "/api/v1/statistics/what-if?service=payment&operation=POST&percent=50&hasErrors=false",
  );
  expect(answer.totalTraces).toBeGreaterThan(0);
  expect(answer.matchingTraces).toBe(answer.totalTraces);
  expect(answer.after.medianMs).toBeLessThan(answer.before.medianMs - 200);
  expect(BigInt(answer.savingNanos)).toBeLessThanOrEqual(BigInt(answer.mostSavingNanos));
});
