/** The commands that ask what is wrong in a trace and what would help. */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { TraceSummaryJson } from "../../src/api/contract.ts";
import type { FindingJson, WhatIfJson } from "../../src/api/trace-analysis-contract.ts";
import { jsonLines } from "./cli-harness.ts";
import { ShopServer } from "./shop-server.ts";

let shop: ShopServer;
let purchase: TraceSummaryJson;

const run = (...given: readonly string[]) => shop.run(...given);
const show = (...given: readonly string[]) => shop.show(...given);

beforeAll(async () => {
  shop = await ShopServer.start({ visits: 40, history: "5m" });
  const found = await run("search", "--service", "payment", "--no-errors", "--limit", "1");
  purchase = jsonLines<TraceSummaryJson>(found.stdout)[0] as TraceSummaryJson;
});

afterAll(() => shop.stop());

it("shows findings, of which the N+1 of the stock is one", async () => {
  const found = jsonLines<FindingJson>((await run("findings", purchase.traceId)).stdout);
  const repeated = found.find(({ type }) => type === "n_plus_one");
  expect(repeated).toMatchObject({ service: "inventory", operation: "SELECT * FROM stock WHERE id = ?" });
  const { stdout } = await show("findings", purchase.traceId);
  expect(stdout).toMatch(/^SEVERITY +FINDING +COST +SHARE +SPANS +SERVICE +OPERATION\n/);
  expect(stdout).toContain(
    `${repeated?.summary}\n   ${repeated?.advice}\n   spans ${repeated?.spans[0]?.spanId}, `,
  );
});

it("ends with 1 when nothing is found in a trace", async () => {
  const { stdout: lines } = await run("search", "--root-operation", "GET /products", "--limit", "1");
  const [visit] = jsonLines<TraceSummaryJson>(lines);
  const { exitCode, stdout, stderr } = await run("findings", visit?.traceId ?? "");
  expect([exitCode, stdout, stderr]).toEqual([1, "", "nothing found\n"]);
});

it("shows what a faster card gateway would save", async () => {
  const question = [
    "what-if",
    purchase.traceId,
    "--service",
    "payment",
    "--operation",
    "POST",
    "--percent",
    "30",
  ];
  const [answer] = jsonLines<WhatIfJson>((await run(...question)).stdout);
  expect(answer).toMatchObject({ service: "payment", operation: "POST", percent: 30, matchingSpans: 1 });
  // The bound is rounded up, the saving down.
  expect(BigInt(answer?.mostSavingNanos ?? 0) - BigInt(answer?.savingNanos ?? 0)).toBeLessThanOrEqual(1n);
  expect(answer?.savingMs).toBeGreaterThan(0.3 * 449);
  const { stdout } = await show(...question);
  expect(stdout).toMatch(
    /^\S+ would be \S+: \S+ \([\d.]+%\) less, at most \S+, with 1 span 30% faster\n\n +DRAG/,
  );
  expect(await run("what-if", purchase.traceId, "--service", "nobody")).toMatchObject({
    exitCode: 1,
    stdout: "",
  });
});
