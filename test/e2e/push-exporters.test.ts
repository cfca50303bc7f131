/** Push exporters between real processes: what one server took is at the other, whatever happens to either. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExporterJson, ExporterListJson } from "../../src/api/exporter-contract.ts";
import { requestMessage, spanMessage } from "../helpers/otlp-client.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { CLI_PATH, getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const REQUESTS = 40;
const SPANS_PER_REQUEST = 25;

let folders: ReturnType<typeof temporaryFolder>[] = [];
let running: ServerProcess[] = [];

beforeEach(() => {
  folders = [temporaryFolder(), temporaryFolder()];
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((server) => server.kill()));
  for (const folder of folders) folder.remove();
});

async function start(folder: number, flags: readonly string[] = []): Promise<ServerProcess> {
  const server = await startServerProcess((folders[folder] as { path: string }).path, flags);
  running.push(server);
  return server;
}

const portOf = (url: string): string => new URL(url.includes("://") ? url : `http://${url}`).port;

/** Request `number`: one trace of its own. */
function requestOf(number: number): Buffer {
  const traceId = number.toString(16).padStart(32, "0");
  const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, index) =>
    spanMessage({ traceId, spanId: (number * 1_000 + index + 1).toString(16).padStart(16, "0") }),
  );
  return requestMessage(spans, `service-${number % 3}`);
}

async function send(server: ServerProcess, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    const response = await fetch(new URL("/v1/traces", server.otlpHttp), {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: new Uint8Array(requestOf(number)),
    });
    expect(response.status).toBe(200);
  }
}

async function exporterOf(server: ServerProcess): Promise<ExporterJson> {
  const { exporters } = await getJson<ExporterListJson>(server.ui, "/api/v1/exporters");
  return exporters[0] as ExporterJson;
}

/** Asks until the exporter is as wanted. */
async function until(
  server: ServerProcess,
  isSo: (exporter: ExporterJson) => boolean,
): Promise<ExporterJson> {
  for (;;) {
    const exporter = await exporterOf(server);
    if (isSo(exporter)) return exporter;
  }
}

const isDone = ({ lag }: ExporterJson): boolean => lag.records === 0;

/** Spans of every trace sent, as the server gives them: each once. */
async function spansAt(server: ServerProcess): Promise<number[]> {
  const counts: number[] = [];
  for (let number = 1; number <= REQUESTS; number++) {
    const path = `/api/v1/traces/${number.toString(16).padStart(32, "0")}`;
    const trace = await getJson<{ spans: { spanId: string }[] }>(server.ui, path);
    counts.push(new Set(trace.spans.map(({ spanId }) => spanId)).size);
    expect(trace.spans).toHaveLength(SPANS_PER_REQUEST);
  }
  return counts;
}

const ALL = Array.from({ length: REQUESTS }, () => SPANS_PER_REQUEST);

describe.each(["otlp-grpc", "otlp-http"] as const)("a server that pushes over %s", (protocol) => {
  const portAt = (peer: ServerProcess) => portOf(protocol === "otlp-grpc" ? peer.otlpGrpc : peer.otlpHttp);
  const push = (port: string) => ["--export-push", `peer=${protocol}:http://127.0.0.1:${port}`];
  const fixed = (port: string) =>
    protocol === "otlp-grpc" ? ["--otlp-grpc-port", port] : ["--otlp-http-port", port];

  it("loses nothing while its peer is away, and delivers when it is back", async () => {
    const peer = await start(1);
    const port = portAt(peer);
    const server = await start(0, push(port));
    await send(server, 1, 11);
    await until(server, isDone);
    expect(await peer.stop()).toBe(0);
    await send(server, 11, REQUESTS + 1);
    const away = await until(server, ({ retries }) => retries > 0);
    expect([away.state, away.lastError === null]).toEqual(["retrying", false]);
    const back = await start(1, fixed(port));
    const done = await until(server, isDone);
    expect([done.sentSpans, done.state]).toEqual([REQUESTS * SPANS_PER_REQUEST, "idle"]);
    expect(await spansAt(back)).toEqual(ALL);
  });

  it("goes on after kill -9 with what it had not delivered; what comes twice is there once", async () => {
    const peer = await start(1);
    const port = portAt(peer);
    const first = await start(0, push(port));
    await send(first, 1, 11);
    await until(first, isDone);
    await peer.kill();
    await send(first, 11, REQUESTS + 1);
    await first.kill();
    const back = await start(1, fixed(port));
    const second = await start(0, push(port));
    const done = await until(second, isDone);
    expect(done.sentSpans).toBeGreaterThanOrEqual((REQUESTS - 10) * SPANS_PER_REQUEST);
    expect(await spansAt(back)).toEqual(ALL);
  });
});

describe("a server with exporters", () => {
  it("shows them in metrics and on the command line, several and filtered ones, without their secrets", async () => {
    const peer = await start(1);
    const flags = [
      `all=otlp-http:${peer.otlpHttp}?header.x-key=hidden`,
      `some=otlp-http:${peer.otlpHttp}?filter={ resource.service.name = "service-1" }`,
    ];
    const server = await start(0, ["--export-push", flags.join(",")]);
    await send(server, 1, 4);
    await until(server, isDone);
    const ran = await promisify(execFile)(process.execPath, [CLI_PATH, "exporters", "--server", server.ui]);
    const rows = ran.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ExporterJson);
    expect(rows.map(({ name, protocol, target }) => [name, protocol, target])).toEqual([
      ["all", "otlp-http", `${peer.otlpHttp}/`],
      ["some", "otlp-http", `${peer.otlpHttp}/`],
    ]);
    const metrics = await (await fetch(new URL("/metrics", server.ui))).text();
    expect(metrics).toContain(`tracagg_exported_spans_total{exporter="all"} ${3 * SPANS_PER_REQUEST}`);
    expect(metrics).toContain('tracagg_export_lag_records{exporter="all"} 0');
    expect(metrics).toContain('tracagg_export_last_error_timestamp_seconds{exporter="some"} 0');
    await server.stop();
    expect(`${ran.stdout}${metrics}${server.stderr()}`).not.toContain("hidden");
  });

  it("does not start with a filter that is none, and says which", async () => {
    const flag = "wrong=otlp-http:http://127.0.0.1:4318?filter={ status == error }";
    const folder = (folders[0] as { path: string }).path;
    await expect(startServerProcess(folder, ["--export-push", flag])).rejects.toThrow(
      'export.push: "wrong": line 1, column 10',
    );
  });
});
