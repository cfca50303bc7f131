/** Where the demo's services run, as the server a user runs tells it, before and after it is started again. */

import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { GraphJson } from "../../src/api/live-contract.ts";
import type { TopologyJson } from "../../src/api/topology-contract.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { CLI_PATH, getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const folder = temporaryFolder();
const data = join(folder.path, "data");
let server: ServerProcess;

const topology = (query: string): Promise<TopologyJson> =>
  getJson<TopologyJson>(server.ui, `/api/v1/topology?${query}`);

/** All of it but rates, which are of a range that grows. */
async function everything(): Promise<unknown> {
  const { nodes, edges } = await topology("");
  return { nodes, edges: edges.map(({ callsPerSecond: _, ...edge }) => edge) };
}

async function openTraces(): Promise<number> {
  const text = await (await fetch(new URL("/metrics", server.ui))).text();
  return Number(/^tracagg_window_open_traces (\d+)$/m.exec(text)?.[1]);
}

beforeAll(async () => {
  mkdirSync(data);
  server = await startServerProcess(data);
  const to = ["--endpoint", server.otlpHttp, "--server", server.ui];
  await promisify(execFile)(process.execPath, [CLI_PATH, "demo", "--once", "100", "--history", "3m", ...to]);
  await vi.waitFor(async () => expect(await openTraces()).toBe(0), { timeout: 30_000, interval: 250 });
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

it("has two pods of each service, on nodes of two zones, with the calls of the graph", async () => {
  const { nodes } = await topology("level=instance&service=cart");
  const carts = nodes.filter(({ parents }) => parents.service === "cart");
  expect(carts.map(({ name, parents: { host, zone, cluster } }) => [name, host, zone, cluster])).toEqual([
    ["cart-7d9f-1", "node-1a", "eu-west-1a", "demo"],
    ["cart-7d9f-2", "node-2a", "eu-west-1b", "demo"],
  ]);
  const { edges } = await getJson<GraphJson>(server.ui, "/api/v1/graph");
  for (const { from, to, type, callCount, errorCount } of edges) {
    const ends = new URLSearchParams({ callerService: from, calleeService: to, level: "zone" });
    const between = (await topology(String(ends))).edges.filter((edge) => edge.type === type);
    expect([
      `${from} > ${to}`,
      between.reduce((sum, edge) => sum + edge.callCount, 0),
      between.reduce((sum, edge) => sum + edge.errorCount, 0),
    ]).toEqual([`${from} > ${to}`, callCount, errorCount]);
  }
});

it("is the same after the server was stopped, and after it was killed", async () => {
  const before = await everything();
  await server.stop();
  server = await startServerProcess(data);
  expect(await everything()).toEqual(before);
  await server.kill();
  server = await startServerProcess(data);
  expect(await everything()).toEqual(before);
});
