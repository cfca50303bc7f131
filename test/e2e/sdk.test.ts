/** What real OpenTelemetry SDKs make is what the API gives back. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

interface SdkSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Record<string, unknown>;
  readonly status: number;
  readonly events: { name: string; attributes?: Record<string, unknown> }[];
  readonly scope: string;
  readonly serviceName: string;
}

interface ApiSpan {
  readonly spanId: string;
  readonly parentSpanId?: string | null;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Record<string, unknown>;
  readonly status: string;
  readonly events: { name: string; attributes: Record<string, unknown> }[];
  readonly scope: { name: string };
  readonly serviceName: string;
}

const SDK_KINDS = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES = ["UNSET", "OK", "ERROR"];
const folder = temporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(folder.path);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

async function runShop(protocol: string, endpoint: string): Promise<SdkSpan[]> {
  const spanFile = join(folder.path, `${protocol.replace("/", "-")}.jsonl`);
  const child = spawn(
    process.execPath,
    [
      "--import",
      resolve("dist/examples/express-shop/telemetry.js"),
      resolve("dist/examples/express-shop/app.js"),
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        PORT: "0",
        SPAN_FILE: spanFile,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
      },
    },
  );
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const address = /http:\S+/.exec(chunk.toString())?.[0] as string;
  await getJson(address, "/orders/a17");
  expect((await fetch(`${address}/orders/unknown`)).status).toBe(404);
  child.kill("SIGTERM");
  await once(child, "exit");
  return readFileSync(spanFile, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as SdkSpan);
}

function fromSdk(span: SdkSpan) {
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? null,
    name: span.name,
    kind: SDK_KINDS[span.kind],
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    attributes: span.attributes,
    status: STATUSES[span.status],
    events: span.events.map(({ name, attributes }) => ({ name, attributes: attributes ?? {} })),
    scope: span.scope,
    serviceName: span.serviceName,
  };
}

function fromApi(span: ApiSpan) {
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? null,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    attributes: span.attributes,
    status: span.status,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
    scope: span.scope.name,
    serviceName: span.serviceName,
  };
}

const bySpanId = (left: { spanId: string }, right: { spanId: string }) =>
  left.spanId < right.spanId ? -1 : 1;

describe("an Express shop under the Node SDK", () => {
  it.each([
    ["grpc", () => `http://${server.otlpGrpc}`],
    ["http/protobuf", () => server.otlpHttp],
    ["http/json", () => server.otlpHttp],
  ])("sends over %s and finds every span again as it was", async (protocol, endpoint) => {
    const made = await runShop(protocol, endpoint());
    const traceIds = [...new Set(made.map((span) => span.traceId))];
    expect(traceIds.length).toBeGreaterThanOrEqual(2);
    for (const traceId of traceIds) {
      const trace = await getJson<{ spans: ApiSpan[] }>(server.ui, `/api/v1/traces/${traceId}`);
      const expected = made.filter((span) => span.traceId === traceId).map(fromSdk);
      expect(trace.spans.map(fromApi).sort(bySpanId)).toEqual(expected.sort(bySpanId));
    }
  });

  it("shows the failed order in a search for errors", async () => {
    const { traces } = await getJson<{ traces: { rootService: string; errorCount: number }[] }>(
      server.ui,
      "/api/v1/traces?service=shop&hasErrors=true&operation=load%20order",
    );
    expect(traces).toHaveLength(3);
    expect(traces.every((trace) => trace.rootService === "shop" && trace.errorCount >= 1)).toBe(true);
  });
});
