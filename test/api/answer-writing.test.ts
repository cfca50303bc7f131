/** Long answers on real sockets: written in pieces, to clients that read slowly, not at all, or leave. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RenderedMetrics } from "../../src/api/health/prometheus-metrics.ts";
import { createPrometheusMetrics } from "../../src/api/health/prometheus-metrics.ts";
import { jaegerJsonFromTraces } from "../../src/codec/jaeger-json/encode.ts";
import type { Span } from "../../src/model/span.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { TraceReader } from "../../src/store/trace-reader.ts";
import { buildSpan, traceIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { startApi } from "./api-fixture.ts";

const LONG_ID = traceIdOf("long");

function longTrace(count: number, text = "", name = "long"): Span[] {
  return Array.from({ length: count }, (_, at) =>
    buildSpan(name, {
      id: `s${at}`,
      ...(at === 0 ? {} : { parent: "s0" }),
      service: `service-${at % 3}`,
      at: at === 0 ? [0, count * 10] : [at * 10, at * 10 + 9],
      resourceAttributes: { zone: `z${at % 2}` },
      attributes: { at: BigInt(at), text },
    }),
  );
}

async function started(...options: Parameters<typeof startApi>): Promise<ApiServer> {
  const api = await startApi(...options);
  onTestFinished(() => api.stop());
  return api;
}

/** A connection that has sent requests and reads nothing of the answers. */
async function askWithoutReading(api: ApiServer, ...paths: readonly string[]): Promise<Socket> {
  const socket = connect(api.port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.pause();
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(""));
  return socket;
}

/** Looks again until the metric is as it should be; a test's own time limit ends what never comes. */
async function untilThat(
  metrics: RenderedMetrics,
  name: string,
  isSo: (value: number) => boolean,
): Promise<void> {
  const pattern = new RegExp(`^${name} (\\S+)$`, "m");
  while (!isSo(Number(pattern.exec(await metrics.render())?.[1]))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const until = (metrics: RenderedMetrics, name: string, value: number): Promise<void> =>
  untilThat(metrics, name, (seen) => seen === value);

describe("a long answer", () => {
  it("of Jaeger's form is what its encoder gives for the trace, in many pieces", async () => {
    const spans = longTrace(1_100);
    const api = await started([spans.slice(0, 600), spans.slice(600)]);
    const response = await api.fetch(`/api/v1/traces/${LONG_ID}?format=jaeger`);
    expect(response.headers.get("content-length")).toBeNull();
    expect(await response.text()).toBe(JSON.stringify(jaegerJsonFromTraces([traceFromSpans(spans)])));
  });

  it.each(["critical-path", "bottlenecks?thresholdMs=1"])("of %s is one JSON document", async (path) => {
    const api = await started([longTrace(1_000)]);
    const response = await api.fetch(`/api/v1/traces/${LONG_ID}/${path}`);
    const body = (await response.json()) as Record<string, unknown[]>;
    expect((body["segments"] ?? body["bottlenecks"])!.length).toBeGreaterThan(500);
  });

  it("holds spans of many bytes back from one another", async () => {
    const api = await started([longTrace(12, "x".repeat(100_000))]);
    const response = await api.fetch(`/api/v1/traces/${LONG_ID}?format=otlp`);
    const { resourceSpans } = (await response.json()) as { resourceSpans: unknown[] };
    // One slice of 250 spans would be one list of at most six resources.
    expect(resourceSpans.length).toBe(12);
  });

  it("is cut off when its client takes nothing of it for too long, and counted", async () => {
    const metrics = createPrometheusMetrics();
    const api = await started([longTrace(12_000, "x".repeat(900))], { metrics, answerIdleMillis: 500 });
    const socket = await askWithoutReading(api, `/api/v1/traces/${LONG_ID}`);
    await until(metrics, "tracagg_api_slow_readers_total", 1);
    let received = "";
    socket.on("data", (bytes) => {
      received = received.slice(-10) + bytes.toString("latin1");
    });
    socket.resume();
    await once(socket, "close");
    expect(received).not.toMatch(/\]\}\r\n0\r\n\r\n$/);
    expect(await api.get("/api/v1/services")).toMatchObject({ services: expect.any(Array) });
  });
});

describe("an answer nobody takes", () => {
  const HELD = "tracagg_query_held_bytes";

  it("is given up, with all it holds, when its connection dies, pipelined ones too", async () => {
    const metrics = createPrometheusMetrics();
    const api = await started([longTrace(12_000, "x".repeat(900))], { metrics });
    const path = `/api/v1/traces/${LONG_ID}`;
    const socket = await askWithoutReading(api, path, `${path}?format=jaeger`, path);
    await untilThat(metrics, HELD, (bytes) => bytes > 3 * 12_000 * 900);
    await until(metrics, "tracagg_queries_running", 0);
    socket.destroy();
    await until(metrics, HELD, 0);
  });

  it("is given up when others need the memory, which are answered", async () => {
    const metrics = createPrometheusMetrics();
    const maxHeldBytes = 20_000_000;
    // Together over the limit, and the answer that nobody takes holds more than the other query.
    const traces = [longTrace(12_000, "x".repeat(900)), longTrace(8_500, "x".repeat(900), "other")];
    const api = await started(traces, { metrics, limits: { maxHeldBytes } });
    const socket = await askWithoutReading(api, `/api/v1/traces/${LONG_ID}`);
    await untilThat(metrics, HELD, (bytes) => bytes > 12_000 * 900);
    await until(metrics, "tracagg_queries_running", 0);
    const closed = once(socket, "close");
    expect(await api.get(`/api/v1/traces/${traceIdOf("other")}/critical-path`)).toMatchObject({
      traceId: traceIdOf("other"),
    });
    await until(metrics, "tracagg_queries_ended_for_memory_total", 1);
    // Read to its end, the answer nobody took turns out to be cut off.
    socket.resume();
    await closed;
    await until(metrics, HELD, 0);
  });
});

describe("a connection with pipelined requests that dies", () => {
  it("ends the work of every one of them", async () => {
    const store = createMemoryStore();
    const events: string[] = [];
    const reader: TraceReader = {
      scan: (query, options) => store.scan(query, options),
      scanViews: (query, options) => store.scanViews(query, options),
      scanDurations: (query, options) => store.scanDurations(query, options),
      search: (query, page) => store.search(query, page),
      traceIdsEndingIn: (end, signal) => store.traceIdsEndingIn(end, signal),
      traces: (traceIds, signal) => store.traces(traceIds, signal),
      trace: (_traceId, signal) =>
        new Promise((_resolve, reject) => {
          events.push("begun");
          signal?.addEventListener("abort", () => {
            events.push("ended");
            reject(signal.reason);
          });
        }),
    };
    const metrics = createPrometheusMetrics();
    const api = await started(undefined, { reader, metrics });
    const path = `/api/v1/traces/${LONG_ID}`;
    const socket = await askWithoutReading(api, path, `${path}/critical-path`, `${path}/bottlenecks`);
    await until(metrics, "tracagg_queries_running", 3);
    socket.destroy();
    await until(metrics, "tracagg_queries_running", 0);
    expect(events).toEqual(["begun", "begun", "begun", "ended", "ended", "ended"]);
  });
});
