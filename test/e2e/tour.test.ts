/** README's tour, step by step, as a newcomer takes it. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerProcess } from "../helpers/server-process.ts";
import { CLI_PATH, getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = temporaryFolder();
const dataFolder = join(folder.path, "data");
const exportFile = join(folder.path, "spans.jsonl");
let server: ServerProcess;

function cli(args: readonly string[], serverUrl = server.ui): Promise<CliResult> {
  const env = { ...process.env, TRACAGG_SERVER: serverUrl, NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI_PATH, ...args], { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function jsonLines<T>(...args: string[]): Promise<T[]> {
  const { code, stdout, stderr } = await cli(args);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

const start = () =>
  startServerProcess(dataFolder, ["--export-file", exportFile, "--export-file-format", "otlp"]);

beforeAll(async () => {
  mkdirSync(dataFolder);
  server = await start();
  const { code, stderr } = await cli(["demo", "--once", "200", "--endpoint", server.otlpHttp]);
  expect([code, stderr]).toEqual([0, ""]);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

describe("the ready line", () => {
  it("is the only thing on standard output and names every address", () => {
    expect(server.stdout().split("\n")).toHaveLength(2);
    expect(JSON.parse(server.stdout())).toEqual({
      ready: true,
      pid: server.child.pid,
      ui: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      otlpGrpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      otlpHttp: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      zipkin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      jaegerGrpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      data: dataFolder,
    });
  });
});

describe("the commands of the tour", () => {
  it("lists the services of the demo shop", async () => {
    const services = await jsonLines<{ service: string }>("services", "--json");
    expect(services.map((row) => row.service)).toEqual(
      expect.arrayContaining(["cart", "checkout", "frontend", "payment"]),
    );
  });

  it("finds traces with errors and slow checkouts", async () => {
    const failed = await jsonLines<{ errorCount: number }>("search", "--errors", "--json");
    expect(failed.every((trace) => trace.errorCount > 0)).toBe(true);
    const slow = await jsonLines<{ durationMs: number; services: { name: string }[] }>(
      "search",
      "--service",
      "checkout",
      "--min-duration",
      "100ms",
      "--json",
    );
    expect(slow.every((trace) => trace.durationMs >= 100)).toBe(true);
    expect(slow.every((trace) => trace.services.some(({ name }) => name === "checkout"))).toBe(true);
  });

  it("shows one trace with a critical path that adds up to the nanosecond", async () => {
    const [found] = await jsonLines<{ traceId: string; spanCount: number }>(
      "search",
      "--service",
      "payment",
      "--limit",
      "1",
      "--json",
    );
    const traceId = found?.traceId as string;
    const [trace] = await jsonLines<{ spans: unknown[] }>("trace", traceId, "--json");
    expect(trace?.spans).toHaveLength(found?.spanCount as number);
    const [path] = await jsonLines<{ durationNanos: string; segments: { durationNanos: string }[] }>(
      "critical-path",
      traceId,
      "--json",
    );
    const sum = path?.segments.reduce((total, segment) => total + BigInt(segment.durationNanos), 0n);
    expect(String(sum)).toBe(path?.durationNanos);
  });

  it("shows the planted faults: the slow payment, the N+1 on stock, the failing cart", async () => {
    const links = await jsonLines<{
      fromService: string;
      toService: string;
      callCount: number;
      errorCount: number;
    }>("dependencies", "--json");
    const cart = links.find((link) => link.fromService === "cart" && link.toService === "redis");
    expect(cart?.errorCount).toBeGreaterThan(0);
    const rows = await jsonLines<{
      report: string;
      service?: string;
      spanCount?: number;
      slowestOperations?: unknown;
    }>("stats", "--json");
    expect(rows.map((row) => row.report)).toContain("performance");
    const performance = rows.find((row) => row.report === "performance") as {
      slowestOperations: { service: string; operation: string; count: number }[];
    };
    const stock = performance.slowestOperations.find((row) => row.operation === "SELECT stock");
    const reserve = performance.slowestOperations.find((row) => row.operation === "POST /reserve");
    expect(stock?.count).toBeGreaterThan(10 * (reserve?.count ?? 0));
  });

  it("says what slow traces have that others have not, and how one differs from a typical one", async () => {
    const [slow] = await jsonLines<{ attributes: { key: string; value: string }[] }>(
      "compare",
      "--select",
      "slow",
      "--json",
    );
    expect(slow?.attributes[0]).toMatchObject({ key: "server.address", value: "card-gateway.example" });
    const [found] = await jsonLines<{ traceId: string }>(
      "search",
      "--root-operation",
      "GET /products",
      "--limit",
      "1",
      "--json",
    );
    const [comparison] = await jsonLines<{
      deltaNanos: string;
      callPaths: { delta: { criticalPathNanos: string } }[];
      others: { criticalPathDeltaNanos: string };
    }>("compare", found?.traceId as string, "--json");
    const listed = comparison?.callPaths.reduce(
      (sum, { delta }) => sum + BigInt(delta.criticalPathNanos),
      0n,
    );
    expect(String((listed ?? 0n) + BigInt(comparison?.others.criticalPathDeltaNanos ?? "0"))).toBe(
      comparison?.deltaNanos,
    );
  });

  it("ranks the planted slow dependency first by critical share, by command and by API", async () => {
    const gateway = { service: "payment", operation: "POST", kind: "CLIENT" };
    const [ranking] = await jsonLines<{ operations: object[] }>("bottlenecks", "--json");
    expect(ranking?.operations[0]).toMatchObject(gateway);
    const answer = await getJson<{ operations: object[] }>(server.ui, "/api/v1/bottlenecks?rank=critical");
    expect(answer.operations[0]).toMatchObject(gateway);
    const file = join(folder.path, "profile.pb.gz");
    const { code } = await cli(["profile", "--format", "pprof", "--out", file]);
    expect([code, readFileSync(file).subarray(0, 2).toString("hex")]).toEqual([0, "1f8b"]);
  });

  it("says what is wrong by exit code and words", async () => {
    expect(await cli(["search", "--service", "nobody"])).toMatchObject({ code: 1 });
    expect(await cli(["serch"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "search"'),
    });
    expect(await cli(["services"], "http://127.0.0.1:9")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("tracagg start"),
    });
    expect(await cli(["trace", "0123456789abcdef0123456789abcdef"])).toMatchObject({ code: 1 });
  });
});

describe("the calls of the tour", () => {
  it.each([
    "/api/v1/services",
    "/api/v1/operations?service=checkout",
    "/api/v1/traces?service=checkout&minDurationMs=100&start=-1h",
    "/api/v1/statistics/services",
    "/api/v1/statistics/performance?service=checkout",
    "/api/v1/profile?service=checkout",
    "/api/v1/profile/slow",
    "/api/v1/bottlenecks?rank=total",
    "/api/v1/dependencies?format=graph",
    "/api/v1/compare?select=errors&start=-1h",
    "/api/v1/status",
    "/openapi.json",
    "/healthz",
    "/readyz",
  ])("answers %s with JSON", async (path) => {
    expect(await getJson<object>(server.ui, path)).toBeTypeOf("object");
  });

  it.each(["tracagg", "otlp", "jaeger", "zipkin"])("gives a trace as %s", async (format) => {
    const { traces } = await getJson<{ traces: { traceId: string }[] }>(
      server.ui,
      "/api/v1/traces?pageSize=1",
    );
    const answer = await getJson<object>(server.ui, `/api/v1/traces/${traces[0]?.traceId}?format=${format}`);
    expect(JSON.stringify(answer)).toContain(traces[0]?.traceId);
  });

  it("gives bottlenecks, metrics and the page", async () => {
    const { traces } = await getJson<{ traces: { traceId: string }[] }>(
      server.ui,
      "/api/v1/traces?service=payment&pageSize=1",
    );
    const path = `/api/v1/traces/${traces[0]?.traceId}/bottlenecks?thresholdMs=1`;
    const { bottlenecks } = await getJson<{ bottlenecks: { durationMs: number }[] }>(server.ui, path);
    expect(bottlenecks.every((row) => row.durationMs > 1)).toBe(true);
    const metrics = await (await fetch(new URL("/metrics", server.ui))).text();
    expect(metrics).toContain("tracagg_received_spans_total");
    const page = await fetch(new URL("/", server.ui));
    expect(await page.text()).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
  });

  it("answers an unknown trace with a problem document", async () => {
    const response = await fetch(new URL("/api/v1/traces/0123456789abcdef0123456789abcdef", server.ui));
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
  });
});

describe("files", () => {
  it.each(["otlp", "jaeger", "zipkin"])(
    "exports traces as %s and imports them into an empty server",
    async (format) => {
      const file = join(folder.path, `traces.${format}`);
      const exported = await cli(["export", "--service", "checkout", "--format", format, "-o", file]);
      expect(exported.code).toBe(0);
      const emptyData = join(folder.path, `import-${format}`);
      mkdirSync(emptyData);
      const other = await startServerProcess(emptyData);
      const imported = await cli(["import", file, "--endpoint", other.otlpHttp], other.ui);
      expect([imported.code, imported.stderr]).toEqual([0, ""]);
      const path = "/api/v1/traces?service=checkout&pageSize=1000";
      const here = await getJson<{ traces: { traceId: string; spanCount: number }[] }>(server.ui, path);
      const there = await getJson<{ traces: { traceId: string; spanCount: number }[] }>(other.ui, path);
      const counts = (list: typeof here) =>
        list.traces.map(({ traceId, spanCount }) => `${traceId} ${spanCount}`).sort();
      expect(counts(there)).toEqual(counts(here));
      expect(await other.stop()).toBe(0);
    },
  );
});

describe("ends and starts", () => {
  it("refuses a second process on the data folder, naming the first", async () => {
    const second = spawn(process.execPath, [CLI_PATH, "start", "--data", dataFolder, "--port", "0"]);
    let stderr = "";
    second.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(second, "close")) as [number];
    expect([code, stderr]).toEqual([1, expect.stringContaining(`process ${server.child.pid}`)]);
  });

  it("names the flag and a free port when a port is taken", async () => {
    const port = new URL(server.ui).port;
    const data = join(folder.path, "busy");
    const others = ["otlp-grpc", "otlp-http", "zipkin", "jaeger-grpc"].flatMap((name) => [
      `--${name}-port`,
      "0",
    ]);
    const args = ["start", "--data", data, "--port", port, ...others];
    const { code, stderr } = await cli(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/--port .*: \d+ is free/);
  });

  it("refuses another address than loopback unless told twice", async () => {
    const { code, stderr } = await cli(["start", "--host", "0.0.0.0", "--data", join(folder.path, "open")]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--insecure")]);
  });

  it("ends with 0 on SIGTERM, finds everything again, and has exported every span to the file", async () => {
    const before = await getJson<{ services: { service: string; spanCount: number }[] }>(
      server.ui,
      "/api/v1/statistics/services",
    );
    expect(await server.stop()).toBe(0);
    expect(existsSync(exportFile)).toBe(true);
    const exported = readFileSync(exportFile, "utf8").match(/"spanId":/g)?.length ?? 0;
    const stored = before.services.reduce((sum, row) => sum + row.spanCount, 0);
    expect(exported).toBeGreaterThanOrEqual(stored);
    server = await start();
    expect(await getJson(server.ui, "/api/v1/statistics/services")).toMatchObject({
      services: before.services,
    });
  });
});
