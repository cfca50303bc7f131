import { describe, expect, it } from "vitest";
import { spansFromJaegerJson } from "../../src/codec/jaeger-json/decode.ts";
import { jaegerJsonFromTraces } from "../../src/codec/jaeger-json/encode.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { Resource, Scope, Span } from "../../src/model/span.ts";
import { traceFromSpans } from "../../src/model/trace.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const shop: Resource = {
  attributes: { "service.name": "shop", "host.name": "h1" },
  droppedAttributesCount: 0,
  schemaUrl: "",
};
const scope: Scope = {
  name: "lib",
  version: "2.0",
  attributes: {},
  droppedAttributesCount: 0,
  schemaUrl: "",
};

function span(parts: Partial<Parameters<typeof makeSpan>[0]> = {}): Span {
  return makeSpan({
    traceId: TRACE_ID,
    spanId: "b7ad6b7169203331",
    name: "GET /orders",
    startTimeUnixNano: 1_700_000_000_000_001_999n,
    endTimeUnixNano: 1_700_000_000_000_251_998n,
    resource: shop,
    ...parts,
  });
}

const encodeOne = (made: Span) => {
  const [trace] = jaegerJsonFromTraces([traceFromSpans([made])]).data;
  if (trace === undefined) throw new Error("no trace came out");
  return trace;
};

describe("Jaeger JSON out", () => {
  it("writes a whole trace with members in Jaeger's order", () => {
    const full = span({
      parentSpanId: "00f067aa0ba902b7",
      kind: "CLIENT",
      status: "ERROR",
      statusMessage: "boom",
      scope,
      traceState: "a=1",
      attributes: {
        text: "x",
        yes: true,
        whole: 7n,
        half: 0.5,
        raw: new Uint8Array([1, 2]),
        list: ["a", 1n],
      },
      events: [
        {
          name: "retry",
          timeUnixNano: 1_700_000_000_000_100_500n,
          attributes: { n: 1n },
          droppedAttributesCount: 0,
        },
      ],
    });
    const tags = [
      '{"key":"otel.scope.name","type":"string","value":"lib"}',
      '{"key":"otel.scope.version","type":"string","value":"2.0"}',
      '{"key":"text","type":"string","value":"x"}',
      '{"key":"yes","type":"bool","value":true}',
      '{"key":"whole","type":"int64","value":7}',
      '{"key":"half","type":"float64","value":0.5}',
      '{"key":"raw","type":"binary","value":"AQI="}',
      '{"key":"list","type":"string","value":"[\\"a\\",1]"}',
      '{"key":"span.kind","type":"string","value":"client"}',
      '{"key":"otel.status_code","type":"string","value":"ERROR"}',
      '{"key":"error","type":"bool","value":true}',
      '{"key":"otel.status_description","type":"string","value":"boom"}',
      '{"key":"w3c.tracestate","type":"string","value":"a=1"}',
    ].join(",");
    expect(JSON.stringify(jaegerJsonFromTraces([traceFromSpans([full])]))).toBe(
      `{"data":[{"traceID":"${TRACE_ID}","spans":[{"traceID":"${TRACE_ID}","spanID":"b7ad6b7169203331",` +
        `"operationName":"GET /orders","references":[{"refType":"CHILD_OF","traceID":"${TRACE_ID}",` +
        `"spanID":"00f067aa0ba902b7"}],"startTime":1700000000000001,"duration":249,"tags":[${tags}],` +
        `"logs":[{"timestamp":1700000000000100,"fields":[{"key":"event","type":"string","value":"retry"},` +
        `{"key":"n","type":"int64","value":1}]}],"processID":"p1","warnings":null}],` +
        `"processes":{"p1":{"serviceName":"shop","tags":[{"key":"host.name","type":"string","value":"h1"}]}},` +
        `"warnings":null}],"total":0,"limit":0,"offset":0,"errors":null}`,
    );
  });

  it("prints a 64-bit trace id with 16 digits", () => {
    const trace = encodeOne(span({ traceId: "00000000000000008448eb211c80319c" }));
    expect([trace.traceID, trace.spans[0]?.traceID]).toEqual(["8448eb211c80319c", "8448eb211c80319c"]);
  });

  it("writes integers beyond 2^53 - 1 as decimal strings of type int64", () => {
    const trace = encodeOne(span({ attributes: { big: 9_007_199_254_740_993n } }));
    expect(trace.spans[0]?.tags).toContainEqual({ key: "big", type: "int64", value: "9007199254740993" });
  });

  it("gives status OK its tag and UNSET none", () => {
    expect(encodeOne(span({ status: "OK" })).spans[0]?.tags).toEqual([
      { key: "otel.status_code", type: "string", value: "OK" },
    ]);
    expect(encodeOne(span()).spans[0]?.tags).toEqual([]);
  });

  it("names a resource without attributes as Jaeger does", () => {
    const empty = { attributes: {}, droppedAttributesCount: 0, schemaUrl: "" };
    expect(encodeOne(span({ resource: empty })).processes["p1"]).toEqual({
      serviceName: "OTLPResourceNoServiceName",
      tags: [],
    });
  });

  it("writes links as FOLLOWS_FROM and lets a link to the parent name the parent's type", () => {
    const link = (spanId: string) => ({
      traceId: TRACE_ID,
      spanId,
      traceState: "",
      attributes: {},
      droppedAttributesCount: 0,
      flags: 0,
    });
    const parentSpanId = "00f067aa0ba902b7";
    const made = span({ parentSpanId, links: [link(parentSpanId), link("1111111111111111")] });
    expect(encodeOne(made).spans[0]?.references).toEqual([
      { refType: "FOLLOWS_FROM", traceID: TRACE_ID, spanID: parentSpanId },
      { refType: "FOLLOWS_FROM", traceID: TRACE_ID, spanID: "1111111111111111" },
    ]);
  });

  it("gives equal resources one process, different ones further numbers", () => {
    const other = { ...shop, attributes: { "service.name": "bank" } };
    const trace = traceFromSpans([
      span(),
      span({ spanId: "1111111111111111", resource: { ...shop } }),
      span({ spanId: "2222222222222222", resource: other }),
    ]);
    const encoded = jaegerJsonFromTraces([trace]).data[0];
    expect(encoded?.spans.map((item) => item.processID).sort()).toEqual(["p1", "p1", "p2"]);
    expect(Object.keys(encoded?.processes ?? {})).toEqual(["p1", "p2"]);
  });

  it("keeps an event attribute named event in place of the event's name", () => {
    const event = {
      name: "named",
      timeUnixNano: 5_000n,
      attributes: { event: "own" },
      droppedAttributesCount: 0,
    };
    expect(encodeOne(span({ events: [event] })).spans[0]?.logs[0]?.fields).toEqual([
      { key: "event", type: "string", value: "own" },
    ]);
  });
});

describe("Jaeger JSON in", () => {
  it("reads back what it wrote, to the microsecond", () => {
    const made = span({
      parentSpanId: "00f067aa0ba902b7",
      kind: "SERVER",
      status: "ERROR",
      statusMessage: "boom",
      scope,
      startTimeUnixNano: 1_700_000_000_000_001_000n,
      endTimeUnixNano: 1_700_000_000_000_251_000n,
      attributes: { text: "x", yes: true, whole: 2n ** 60n, half: 0.5, raw: new Uint8Array([1, 2]) },
      events: [
        {
          name: "retry",
          timeUnixNano: 1_700_000_000_000_100_000n,
          attributes: { n: 1n },
          droppedAttributesCount: 0,
        },
      ],
    });
    const text = JSON.stringify(jaegerJsonFromTraces([traceFromSpans([made])]));
    expect(spansFromJaegerJson(JSON.parse(text))).toEqual([made]);
  });

  const jaegerSpan = (members: object) => ({
    data: [
      {
        traceID: "1",
        spans: [
          {
            traceID: "1",
            spanID: "a",
            operationName: "op",
            startTime: 1,
            duration: 2,
            processID: "p1",
            ...members,
          },
        ],
        processes: { p1: { serviceName: "svc", tags: [{ key: "hostname", type: "string", value: "h" }] } },
      },
    ],
  });
  const decodeOne = (members: object) => spansFromJaegerJson(jaegerSpan(members))[0] as Span;
  const tag = (key: string, type: string, value: unknown) => ({ key, type, value });

  it("pads short ids and maps the process hostname", () => {
    const decoded = decodeOne({});
    expect([decoded.traceId, decoded.spanId]).toEqual(["1".padStart(32, "0"), "a".padStart(16, "0")]);
    expect(decoded.resource.attributes).toEqual({ "service.name": "svc", "host.name": "h" });
  });

  it("lets error = true win over the status code tag", () => {
    const tags = [tag("otel.status_code", "string", "OK"), tag("error", "bool", true)];
    expect(decodeOne({ tags }).status).toBe("ERROR");
  });

  it.each([
    ["client", 404, "ERROR"],
    ["server", 404, "UNSET"],
    ["server", 503, "ERROR"],
  ])("tells the status of a %s with HTTP %i and no other word: %s", (kind, code, status) => {
    const tags = [tag("span.kind", "string", kind), tag("http.status_code", "int64", code)];
    expect(decodeOne({ tags }).status).toBe(status);
  });

  it("takes the first CHILD_OF as parent and keeps the rest as links", () => {
    const references = [
      { refType: "FOLLOWS_FROM", traceID: "1", spanID: "b" },
      { refType: "CHILD_OF", traceID: "1", spanID: "c" },
    ];
    const decoded = decodeOne({ references });
    expect(decoded.parentSpanId).toBe("000000000000000c");
    expect(decoded.links.map(({ spanId, attributes }) => [spanId, attributes])).toEqual([
      ["000000000000000b", { "opentracing.ref_type": "follows_from" }],
    ]);
  });

  it.each([
    [{ traceID: "xyz" }, 'data[0].spans[0].traceID: expected 1 to 32 hex digits, not all zero, got "xyz"'],
    [{ startTime: "soon" }, 'data[0].spans[0].startTime: expected microseconds, zero or more, got "soon"'],
    [{ processID: "p9" }, 'data[0].spans[0].processID: expected a key of processes, got "p9"'],
    [{ tags: [tag("n", "int64", "1.5")] }, 'data[0].spans[0].tags[0].value: expected an integer, got "1.5"'],
  ])("refuses %j naming the place", (members, message) => {
    expect(() => decodeOne(members)).toThrow(message);
  });

  it("refuses what is no list of traces", () => {
    expect(() => spansFromJaegerJson({ data: 3 })).toThrow("data: expected a list of traces, got 3");
  });
});

describe("Jaeger JSON as its UI writes it", () => {
  const trace = {
    traceID: "1",
    spans: [
      {
        traceID: "1",
        spanID: "a",
        flags: 3,
        operationName: "op",
        startTime: 1,
        duration: 2,
        processID: "p1",
        warnings: ["clock skew"],
      },
    ],
    processes: { p1: { serviceName: "svc", tags: [] } },
    warnings: null,
  };

  it("reads the same from a download, a bare trace and a list of traces", () => {
    const [span] = spansFromJaegerJson({ data: [trace], total: 0, limit: 0, offset: 0, errors: null });
    expect(spansFromJaegerJson(trace)).toEqual([span]);
    expect(spansFromJaegerJson([trace])).toEqual([span]);
  });

  it("keeps warnings, the sampled bit and the debug bit", () => {
    const [span] = spansFromJaegerJson(trace);
    expect([span?.flags, span?.attributes]).toEqual([
      1,
      { "jaeger.debug": true, "@jaeger@warnings": ["clock skew"] },
    ]);
  });
});
