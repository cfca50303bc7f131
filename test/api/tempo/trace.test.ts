import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "../api-fixture.ts";
import { readMessage } from "./tempo-messages.ts";

const SHORT_ID = "0000000000000000000000000000abcd";
const SHORT = { ...buildSpan("short", { id: "only", service: "tiny", at: [0, 1] }), traceId: SHORT_ID };
/** A chain of five, each the child of the one before. */
const CHAIN = [1, 2, 3, 4, 5].map((level) =>
  buildSpan("chain", {
    id: `level-${level}`,
    ...(level === 1 ? {} : { parent: `level-${level - 1}` }),
    at: [level, 20 - level],
  }),
);

const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");
const string = (key: string, value: string) => ({ key, value: { stringValue: value } });

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [SHORT], CHAIN]);
});
afterAll(() => api.stop());

const CHECKOUT_RESOURCE_SPANS = [
  {
    resource: { attributes: [string("service.name", "gateway")] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: base64(CHECKOUT_ID),
            spanId: base64(spanIdOf("root")),
            name: "GET /checkout",
            kind: "SPAN_KIND_SERVER",
            startTimeUnixNano: "1700000000000000000",
            endTimeUnixNano: "1700000000100000000",
          },
          {
            traceId: base64(CHECKOUT_ID),
            spanId: base64(spanIdOf("call")),
            parentSpanId: base64(spanIdOf("root")),
            name: "charge",
            kind: "SPAN_KIND_CLIENT",
            startTimeUnixNano: "1700000000010000000",
            endTimeUnixNano: "1700000000090000000",
          },
        ],
      },
    ],
  },
  {
    resource: { attributes: [string("service.name", "payment")] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: base64(CHECKOUT_ID),
            spanId: base64(spanIdOf("charge")),
            traceState: "a=1",
            parentSpanId: base64(spanIdOf("call")),
            name: "Charge",
            kind: "SPAN_KIND_SERVER",
            startTimeUnixNano: "1700000000020000000",
            endTimeUnixNano: "1700000000080000000",
            attributes: [
              { key: "http.response.status_code", value: { intValue: "500" } },
              { key: "card.number", value: { intValue: "9007199254740993" } },
              { key: "ratio", value: { doubleValue: 0.5 } },
              { key: "odd", value: { doubleValue: "NaN" } },
              { key: "raw", value: { bytesValue: "AQID" } },
              { key: "list", value: { arrayValue: { values: [{ boolValue: true }, { stringValue: "x" }] } } },
              string("url.query", "a=b"),
            ],
            events: [
              {
                timeUnixNano: "1700000000050000000",
                name: "exception",
                attributes: [string("exception.type", "Declined")],
              },
            ],
            links: [{ traceId: base64(traceIdOf("other")), spanId: base64(spanIdOf("target")) }],
            status: { message: "declined", code: "STATUS_CODE_ERROR" },
            flags: 257,
          },
        ],
      },
    ],
  },
];

async function names(path: string): Promise<readonly string[]> {
  const { trace } = (await api.get(path)) as {
    readonly trace: { readonly resourceSpans?: readonly { scopeSpans: { spans: { name: string }[] }[] }[] };
  };
  const spans = trace.resourceSpans?.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return spans?.map(({ name }) => name) ?? [];
}

async function message(path: string, name: string): Promise<Record<string, unknown>> {
  const answer = await api.fetch(path, { headers: { accept: "application/protobuf" } });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/protobuf"]);
  return readMessage(name, new Uint8Array(await answer.arrayBuffer()));
}

describe("GET /api/v2/traces/{id}", () => {
  it("gives the trace in an envelope, ids as base64, enums by name", async () => {
    expect(await api.get(`/tempo/api/v2/traces/${CHECKOUT_ID}?start=1699998200&end=1700001800`)).toEqual({
      trace: { resourceSpans: CHECKOUT_RESOURCE_SPANS },
      metrics: {},
    });
  });

  it("gives it in protobuf, in one piece, where Accept asks for it", async () => {
    const { trace, metrics, status } = await message(
      `/tempo/api/v2/traces/${CHECKOUT_ID}`,
      "TraceByIDResponse",
    );
    expect({ metrics, status }).toEqual({ metrics: {}, status: undefined });
    const { resourceSpans } = trace as { readonly resourceSpans: readonly object[] };
    expect(resourceSpans.map((group) => JSON.parse(JSON.stringify(group)))).toMatchObject([
      { scopeSpans: [{ spans: [{ name: "GET /checkout" }, { name: "charge", kind: "SPAN_KIND_CLIENT" }] }] },
      { scopeSpans: [{ spans: [{ name: "Charge", status: { message: "declined" }, flags: 257 }] }] },
    ]);
  });

  it("answers 200 with an empty trace for one that is not there", async () => {
    const absent = `/tempo/api/v2/traces/${traceIdOf("absent")}`;
    expect(await api.get(absent)).toEqual({ trace: {}, metrics: {} });
    expect(await message(absent, "TraceByIDResponse")).toEqual({ trace: {}, metrics: {} });
  });

  it("reads ids without the zeros in front, and in upper case", async () => {
    expect(await names("/tempo/api/v2/traces/abcd")).toEqual(["only"]);
    expect(await names("/tempo/api/v2/traces/ABCD")).toEqual(["only"]);
    expect(await names(`/tempo/api/v2/traces/${CHECKOUT_ID.toUpperCase()}`)).toHaveLength(3);
  });

  it.each([
    ["name = `level-3`", "", ["level-3"]],
    ["name = `level-3`", "&keep_hierarchy=true", ["level-1", "level-2", "level-3"]],
    ["name = `level-3`", "&ancestor_depth=1", ["level-2", "level-3"]],
    ["name = `level-3`", "&match_depth=1", ["level-3", "level-4"]],
    [
      "name = `level-3`",
      "&keep_hierarchy=true&ancestor_depth=1&match_depth=9",
      [2, 3, 4, 5].map((n) => `level-${n}`),
    ],
    ["name =~ `level-[35]`", "&ancestor_depth=2", [1, 2, 3, 4, 5].map((n) => `level-${n}`)],
    ["name = `other`", "&keep_hierarchy=true", []],
  ])("keeps the spans that { %s } matches, with %s", async (condition, more, kept) => {
    const q = encodeURIComponent(`{ ${condition} }`);
    expect(await names(`/tempo/api/v2/traces/${traceIdOf("chain")}?q=${q}${more}`)).toEqual(kept);
  });

  it.each([
    "{ } | count() > 1",
    "{ } > { }",
    "{ } && { }",
    "{ } | rate()",
    "{ name = }",
    "{ } | select(name)",
  ])("refuses %s as a filter of the spans of one trace", async (q) => {
    const answer = await api.fetch(`/tempo/api/v2/traces/${CHECKOUT_ID}?q=${encodeURIComponent(q)}`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "text/plain; charset=utf-8"]);
  });

  it("gives the first spans of a trace that is too large, and says so", async () => {
    const small = await startApi([checkoutSpans()], { limits: { maxSpansPerAnswer: 2 } });
    try {
      const answer = (await small.get(`/tempo/api/v2/traces/${CHECKOUT_ID}`)) as Record<string, unknown>;
      expect(answer).toEqual({
        trace: { resourceSpans: [CHECKOUT_RESOURCE_SPANS[0]] },
        metrics: {},
        status: "PARTIAL",
        message: `trace ${CHECKOUT_ID} has 3 spans; one answer holds at most 2`,
      });
      const bytes = await small.fetch(`/tempo/api/v2/traces/${CHECKOUT_ID}`, {
        headers: { accept: "application/protobuf" },
      });
      expect(readMessage("TraceByIDResponse", new Uint8Array(await bytes.arrayBuffer()))).toMatchObject({
        status: "PARTIAL",
        message: answer["message"],
      });
      const bare = await small.fetch(`/tempo/api/traces/${CHECKOUT_ID}`);
      expect([bare.status, await bare.text()]).toEqual([422, `${answer["message"]}\n`]);
    } finally {
      await small.stop();
    }
  });

  it("writes a long trace in protobuf whole, with its length in front", async () => {
    const long = await startApi([
      Array.from({ length: 1_200 }, (_, at) => ({ ...workerSpan(at), traceId: SHORT_ID })),
    ]);
    try {
      const answer = await long.fetch("/tempo/api/v2/traces/abcd", {
        headers: { accept: "application/protobuf" },
      });
      const { trace } = readMessage("TraceByIDResponse", new Uint8Array(await answer.arrayBuffer())) as {
        readonly trace: { readonly resourceSpans: readonly { scopeSpans: { spans: object[] }[] }[] };
      };
      expect(
        trace.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ).toHaveLength(1_200);
    } finally {
      await long.stop();
    }
  });
});

describe("GET /api/traces/{id}", () => {
  it("gives the bare trace, under `batches` in JSON", async () => {
    expect(await api.get(`/tempo/api/traces/${CHECKOUT_ID}`)).toEqual({ batches: CHECKOUT_RESOURCE_SPANS });
  });

  it("gives the bare trace in protobuf", async () => {
    const { resourceSpans } = await message(`/tempo/api/traces/${CHECKOUT_ID}`, "Trace");
    expect(resourceSpans).toHaveLength(2);
  });

  it("answers 404 in plain text for one that is not there", async () => {
    const answer = await api.fetch(`/tempo/api/traces/${traceIdOf("absent")}`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "text/plain; charset=utf-8"]);
    expect(await answer.text()).toMatch(/^no trace [0-9a-f]{32} is stored/);
  });

  it.each(["0", "xyz", "1".repeat(33)])("refuses the id %s", async (id) => {
    expect((await api.fetch(`/tempo/api/traces/${id}`)).status).toBe(400);
    expect((await api.fetch(`/tempo/api/v2/traces/${id}`)).status).toBe(400);
  });
});

describe("a trace for language models", () => {
  it("is little JSON: resources once, spans in their tree, times after the start", async () => {
    const answer = await api.fetch(`/tempo/api/v2/traces/${CHECKOUT_ID}`, {
      headers: { accept: "application/vnd.grafana.llm" },
    });
    expect(answer.headers.get("content-type")).toBe("application/vnd.grafana.llm");
    expect(await answer.json()).toEqual({
      traceId: CHECKOUT_ID,
      startTime: "2023-11-14T22:13:20.000000000Z",
      durationMs: 100,
      spanCount: 3,
      errorCount: 1,
      services: [
        { name: "gateway", spanCount: 2 },
        { name: "payment", spanCount: 1, errorCount: 1 },
      ],
      resources: [{ service: "gateway" }, { service: "payment" }],
      spans: [
        {
          id: spanIdOf("root"),
          service: "gateway",
          name: "GET /checkout",
          kind: "server",
          startMs: 0,
          durationMs: 100,
          resource: 0,
          children: [
            {
              id: spanIdOf("call"),
              service: "gateway",
              name: "charge",
              kind: "client",
              startMs: 10,
              durationMs: 80,
              resource: 0,
              children: [
                {
                  id: spanIdOf("charge"),
                  service: "payment",
                  name: "Charge",
                  kind: "server",
                  startMs: 20,
                  durationMs: 60,
                  error: "declined",
                  resource: 1,
                  attributes: {
                    "http.response.status_code": 500,
                    "card.number": "9007199254740993",
                    ratio: 0.5,
                    odd: "NaN",
                    raw: "AQID",
                    list: [true, "x"],
                    "url.query": "a=b",
                  },
                  events: [{ name: "exception", atMs: 50, attributes: { "exception.type": "Declined" } }],
                  links: [{ traceId: traceIdOf("other"), spanId: spanIdOf("target") }],
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe("what a client accepts", () => {
  it.each([
    ["application/json;q=0.9, application/protobuf", "application/protobuf"],
    ["application/vnd.grafana.llm, application/json", "application/json; charset=utf-8"],
    ["*/*", "application/json; charset=utf-8"],
  ])("is looked for as protobuf, JSON, the form for models: %s", async (accept, type) => {
    const answer = await api.fetch(`/tempo/api/v2/traces/${CHECKOUT_ID}`, { headers: { accept } });
    expect(answer.headers.get("content-type")).toBe(type);
    await answer.arrayBuffer();
  });
});
