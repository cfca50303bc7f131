import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { QueryCase } from "../../bench/queries/query-cases.ts";
import type { QueryClient } from "../../bench/queries/query-client.ts";
import { createQueryClient, readSlowly } from "../../bench/queries/query-client.ts";
import { askUntil, runQueries } from "../../bench/queries/query-run.ts";

let server: Server;
let client: QueryClient;
let url: string;
let paths: string[];

beforeEach(async () => {
  paths = [];
  server = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(request.url === "/broken" ? 500 : 200).end("answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createQueryClient(url);
});

afterEach(async () => {
  client.close();
  await new Promise((resolve) => server.close(resolve));
});

const query = (name: string, path: (run: number) => string): QueryCase => ({ name, runs: 3, path });

it("asks each question once more than it counts", async () => {
  const [times] = await runQueries(client, [query("by number", (run) => `/${run}`)]);
  expect(paths).toEqual(["/0", "/1", "/2", "/3"]);
  expect(times).toMatchObject({ name: "by number", runs: 3, failures: 0 });
  expect(times?.p95Millis).toBeGreaterThan(0);
});

it("counts an answer that is an error as a failure, not as a time", async () => {
  expect(await runQueries(client, [query("broken", () => "/broken")])).toEqual([
    { name: "broken", runs: 0, failures: 4, p50Millis: 0, p95Millis: 0 },
  ]);
});

it("goes round all questions until it is told to stop", async () => {
  const stop = new AbortController();
  const path = (name: string) => (run: number) => {
    if (run === 4) stop.abort();
    return `/${name}`;
  };
  const times = await askUntil(client, [query("a", path("a")), query("b", path("b"))], stop.signal);
  expect(paths).toEqual(["/a", "/b", "/a", "/b", "/a"]);
  expect(times.map(({ name, runs }) => [name, runs])).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
});

it("asks nothing when there is nothing to ask", async () => {
  expect(await askUntil(client, [], new AbortController().signal)).toEqual([]);
});

it("reads slowly to the end, or until it is given up", async () => {
  await readSlowly(new URL("/slow", url), { signal: new AbortController().signal, pauseMillis: 1 });
  await readSlowly(new URL("/given-up", url), { signal: AbortSignal.abort(), pauseMillis: 1 });
  expect(paths).toEqual(["/slow"]);
});
