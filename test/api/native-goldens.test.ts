import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { TraceJson } from "../../src/api/contract.ts";
import { otlpProtobufFromJson } from "../../src/codec/otlp-json/decode.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "./api-fixture.ts";

interface ResourceSpansList {
  readonly resourceSpans: readonly {
    readonly resource: unknown;
    readonly scopeSpans: readonly { readonly spans: readonly { readonly spanId: string }[] }[];
  }[];
}

let api: ApiServer;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const RANGE = { startTimeUnixNano: "0", endTimeUnixNano: "1700000060000000000" };

const SUMMARY = {
  traceId: CHECKOUT_ID,
  rootService: "gateway",
  rootOperation: "GET /checkout",
  startTime: "2023-11-14T22:13:20.000000000Z",
  startTimeUnixNano: "1700000000000000000",
  endTime: "2023-11-14T22:13:20.100000000Z",
  endTimeUnixNano: "1700000000100000000",
  durationMs: 100,
  durationNanos: "100000000",
  spanCount: 3,
  errorCount: 1,
  serviceCount: 2,
  services: [
    { name: "gateway", spanCount: 2, errorCount: 0 },
    { name: "payment", spanCount: 1, errorCount: 1 },
  ],
};

const CHARGE = {
  traceId: CHECKOUT_ID,
  spanId: spanIdOf("charge"),
  parentSpanId: spanIdOf("call"),
  name: "Charge",
  kind: "SERVER",
  startTime: "2023-11-14T22:13:20.020000000Z",
  endTime: "2023-11-14T22:13:20.080000000Z",
  startTimeUnixNano: "1700000000020000000",
  endTimeUnixNano: "1700000000080000000",
  durationMs: 60,
  durationNanos: "60000000",
  status: "ERROR",
  statusMessage: "declined",
  serviceName: "payment",
  operationName: "Charge",
  attributes: {
    "http.response.status_code": 500,
    "card.number": "9007199254740993",
    ratio: 0.5,
    odd: "NaN",
    raw: "AQID",
    list: [true, "x"],
    "url.query": "a=b",
  },
  events: [
    {
      name: "exception",
      time: "2023-11-14T22:13:20.050000000Z",
      timeUnixNano: "1700000000050000000",
      attributes: { "exception.type": "Declined" },
      droppedAttributesCount: 0,
    },
  ],
  links: [
    {
      traceId: traceIdOf("other"),
      spanId: spanIdOf("target"),
      traceState: "",
      attributes: {},
      droppedAttributesCount: 0,
      flags: 0,
    },
  ],
  tags: {},
  resource: { attributes: { "service.name": "payment" }, droppedAttributesCount: 0, schemaUrl: "" },
  scope: { name: "", version: "", attributes: {}, droppedAttributesCount: 0, schemaUrl: "" },
  traceState: "a=1",
  flags: 257,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

describe("the native API, over one trace", () => {
  it("lists services", async () => {
    expect(await api.get("/api/v1/services")).toEqual({
      services: ["gateway", "payment"],
      nextPageToken: "",
    });
  });

  it("lists the operations of a service, and none of an unknown one", async () => {
    expect(await api.get("/api/v1/operations?service=gateway")).toEqual({
      operations: [
        { name: "GET /checkout", kind: "SERVER" },
        { name: "charge", kind: "CLIENT" },
      ],
      nextPageToken: "",
    });
    expect(await api.get("/api/v1/operations?service=nobody")).toEqual({ operations: [], nextPageToken: "" });
  });

  it("finds the trace and says the range it covered", async () => {
    expect(await api.get("/api/v1/traces")).toEqual({ traces: [SUMMARY], nextPageToken: "", range: RANGE });
  });

  it("gives the whole trace", async () => {
    const { spans, ...summary } = (await api.get(`/api/v1/traces/${CHECKOUT_ID}`)) as TraceJson;
    expect(summary).toEqual(SUMMARY);
    expect(spans).toHaveLength(3);
    expect(spans[0]).toMatchObject({ spanId: spanIdOf("root"), parentSpanId: null, status: "UNSET" });
    expect(spans[1]).toMatchObject({ spanId: spanIdOf("call"), parentSpanId: spanIdOf("root") });
    expect(spans[2]).toEqual(CHARGE);
  });

  it("gives OTLP back exactly", async () => {
    const body = new Uint8Array(
      await (await api.fetch(`/api/v1/traces/${CHECKOUT_ID}?format=otlp`)).arrayBuffer(),
    );
    const { payload } = otlpProtobufFromJson(body);
    const sent = api.feed.committed[0]?.batch.payload;
    expect(Buffer.from(payload)).toEqual(Buffer.from(sent as Uint8Array));
  });

  it("gives Jaeger and Zipkin what their clients read", async () => {
    const jaeger = await api.get(`/api/v1/traces/${CHECKOUT_ID}?format=jaeger`);
    expect(jaeger).toMatchObject({ data: [{ traceID: CHECKOUT_ID, spans: [{}, {}, {}] }], errors: null });
    const zipkin = await api.get(`/api/v1/traces/${CHECKOUT_ID}?format=zipkin`);
    expect(zipkin).toMatchObject([
      { traceId: CHECKOUT_ID, id: spanIdOf("root"), kind: "SERVER" },
      { id: spanIdOf("call"), kind: "CLIENT" },
      { id: spanIdOf("charge"), duration: 60_000, localEndpoint: { serviceName: "payment" } },
    ]);
  });

  it("gives the critical path, which adds up to the trace", async () => {
    const at = (millis: number) => (1_700_000_000_000_000_000n + BigInt(millis) * 1_000_000n).toString();
    const segment = (
      id: string,
      service: string,
      operation: string,
      from: number,
      to: number,
      type: string,
    ) => ({
      spanId: spanIdOf(id),
      service,
      operation,
      startTimeUnixNano: at(from),
      endTimeUnixNano: at(to),
      durationNanos: `${(to - from) * 1_000_000}`,
      class: type,
    });
    expect(await api.get(`/api/v1/traces/${CHECKOUT_ID}/critical-path`)).toEqual({
      traceId: CHECKOUT_ID,
      durationNanos: "100000000",
      segments: [
        segment("root", "gateway", "GET /checkout", 0, 10, "self"),
        segment("call", "gateway", "charge", 10, 20, "network"),
        segment("charge", "payment", "Charge", 20, 80, "self"),
        segment("call", "gateway", "charge", 80, 90, "network"),
        segment("root", "gateway", "GET /checkout", 90, 100, "self"),
      ],
      byOperation: [
        {
          service: "payment",
          operation: "Charge",
          durationNanos: "60000000",
          durationMs: 60,
          percentageOfTrace: 60,
        },
        {
          service: "gateway",
          operation: "GET /checkout",
          durationNanos: "20000000",
          durationMs: 20,
          percentageOfTrace: 20,
        },
        {
          service: "gateway",
          operation: "charge",
          durationNanos: "20000000",
          durationMs: 20,
          percentageOfTrace: 20,
        },
      ],
      clocks: [],
    });
  });

  it("gives the spans above a threshold, longest first", async () => {
    expect(await api.get(`/api/v1/traces/${CHECKOUT_ID}/bottlenecks?thresholdMs=60`)).toEqual({
      traceId: CHECKOUT_ID,
      thresholdMs: 60,
      bottlenecks: [
        {
          spanId: spanIdOf("root"),
          service: "gateway",
          operation: "GET /checkout",
          durationMs: 100,
          percentageOfTrace: 100,
        },
        {
          spanId: spanIdOf("call"),
          service: "gateway",
          operation: "charge",
          durationMs: 80,
          percentageOfTrace: 80,
        },
      ],
      nextPageToken: "",
    });
  });

  it("sums by service", async () => {
    const payment = {
      service: "payment",
      spanCount: 1,
      errorCount: 1,
      avgDurationMs: 60,
      totalDurationMs: 60,
      totalDurationNanos: "60000000",
      operations: ["Charge"],
      operationsTruncated: false,
    };
    const gateway = {
      service: "gateway",
      spanCount: 2,
      errorCount: 0,
      avgDurationMs: 90,
      totalDurationMs: 180,
      totalDurationNanos: "180000000",
      operations: ["GET /checkout", "charge"],
      operationsTruncated: false,
    };
    const answer = { nextPageToken: "", range: RANGE };
    expect(await api.get("/api/v1/statistics/services")).toEqual({ services: [gateway, payment], ...answer });
    expect(await api.get("/api/v1/statistics/services?service=payment")).toEqual({
      services: [payment],
      ...answer,
    });
  });

  it("works out performance over a filter", async () => {
    const operation = (service: string, name: string, millis: number) => ({
      operation: name,
      service,
      count: 1,
      avgMs: millis,
      p95Ms: millis,
      p99Ms: millis,
      maxMs: millis,
    });
    expect(await api.get("/api/v1/statistics/performance?service=payment&hasErrors=true")).toEqual({
      totalTraces: 1,
      errorRate: 1,
      minDurationMs: 100,
      maxDurationMs: 100,
      avgDurationMs: 100,
      medianDurationMs: 100,
      p95DurationMs: 100,
      p99DurationMs: 100,
      stdDevDurationMs: 0,
      slowestOperations: [
        operation("gateway", "GET /checkout", 100),
        operation("gateway", "charge", 80),
        operation("payment", "Charge", 60),
      ],
      truncated: false,
      range: RANGE,
    });
  });

  it("says who calls whom, as a list and as a graph", async () => {
    expect(await api.get("/api/v1/dependencies")).toEqual({
      dependencies: [
        { fromService: "gateway", toService: "payment", callCount: 1, errorCount: 1, type: "rpc" },
      ],
      nextPageToken: "",
      range: RANGE,
    });
    expect(await api.get("/api/v1/dependencies?format=graph")).toEqual({
      graph: { gateway: ["payment"], payment: [] },
      range: RANGE,
    });
  });

  it("says who calls whom by the rules of Zipkin, and of how many traces", async () => {
    // A producer and a consumer that name no broker: a call by our rules, none by Zipkin's.
    const message = [
      buildSpan("message", { id: "send", service: "shop", kind: "PRODUCER", at: [0, 5] }),
      buildSpan("message", { id: "take", parent: "send", service: "mail", kind: "CONSUMER", at: [6, 9] }),
    ];
    const huge = Array.from({ length: 4_097 }, (_, at) =>
      buildSpan("huge", { id: `${at}`, service: "batch", at: [at, at + 1] }),
    );
    const more = await startApi([[...checkoutSpans()], message, huge]);
    onTestFinished(() => more.stop());
    const reading = { tracesRead: 2, leftOutCount: 1, truncated: false, range: RANGE };
    expect(await more.get("/api/v1/dependencies?rules=zipkin")).toEqual({
      dependencies: [{ parent: "gateway", child: "payment", callCount: 1, errorCount: 1 }],
      nextPageToken: "",
      ...reading,
    });
    expect(await more.get("/api/v1/dependencies?rules=zipkin&format=graph")).toEqual({
      graph: { gateway: ["payment"], payment: [] },
      ...reading,
    });
    expect(await more.get("/api/v1/dependencies?format=graph&rules=tracagg")).toMatchObject({
      graph: { shop: ["mail"] },
    });
    const few = await startApi([[...checkoutSpans()], message], { limits: { maxTracesAnalysed: 1 } });
    onTestFinished(() => few.stop());
    expect(await few.get("/api/v1/dependencies?rules=zipkin")).toMatchObject({
      tracesRead: 1,
      truncated: true,
    });
  });

  it("takes ids in either case, and 16 digits as the lower half", async () => {
    expect(await api.get(`/api/v1/traces/${CHECKOUT_ID.toUpperCase()}`)).toMatchObject({
      traceId: CHECKOUT_ID,
    });
    const short = await api.fetch("/api/v1/traces/00000000000000ab");
    expect(await short.json()).toMatchObject({
      status: 404,
      detail: expect.stringContaining("no trace 000000000000000000000000000000ab is stored"),
    });
  });

  it("keeps every span, in order, of a trace that is written in several chunks", async () => {
    const spans = Array.from({ length: 700 }, (_, index) => ({
      ...workerSpan(1),
      spanId: (index + 1).toString(16).padStart(16, "0"),
    }));
    const large = await startApi([spans]);
    const path = `/api/v1/traces/${spans[0]?.traceId}`;
    const otlp = (await large.get(`${path}?format=otlp`)) as ResourceSpansList;
    const native = (await large.get(path)) as TraceJson;
    const zipkin = (await large.get(`${path}?format=zipkin`)) as { id: string }[];
    await large.stop();
    const wanted = spans.map((span) => span.spanId);
    const otlpSpans = otlp.resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap((scope) => scope.spans),
    );
    expect(otlpSpans.map((span) => span.spanId)).toEqual(wanted);
    expect(new Set(otlp.resourceSpans.map(({ resource }) => JSON.stringify(resource))).size).toBe(1);
    expect(native.spans.map((span) => span.spanId)).toEqual(wanted);
    expect(zipkin.map((span) => span.id)).toEqual(wanted);
  });
});
