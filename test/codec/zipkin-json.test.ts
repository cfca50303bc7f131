import { describe, expect, it } from "vitest";
import { spansFromZipkinJson } from "../../src/codec/zipkin-json/decode.ts";
import { zipkinSpansFromSpans } from "../../src/codec/zipkin-json/encode.ts";
import { spansForOtlp } from "../../src/codec/zipkin-json/shared-spans.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { Resource, Span } from "../../src/model/span.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const shop: Resource = {
  attributes: { "service.name": "Shop", "host.ip": ["10.0.0.7"], region: "eu" },
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
    resource: { ...shop, attributes: { "service.name": "Shop" } },
    ...parts,
  });
}

const encodeOne = (made: Span) => zipkinSpansFromSpans([made])[0];

describe("Zipkin JSON out", () => {
  it("writes members in Zipkin's order, tags by key", () => {
    const made = span({
      parentSpanId: "00f067aa0ba902b7",
      kind: "CLIENT",
      status: "ERROR",
      statusMessage: "boom",
      resource: shop,
      scope: { name: "lib", version: "2.0", attributes: {}, droppedAttributesCount: 0, schemaUrl: "" },
      attributes: { yes: true, n: 7n, list: ["a", 1n], "server.address": "bank", "server.port": 8443n },
      events: [
        {
          name: "retry",
          timeUnixNano: 1_700_000_000_000_100_999n,
          attributes: {},
          droppedAttributesCount: 0,
        },
        {
          name: "why",
          timeUnixNano: 1_700_000_000_000_200_000n,
          attributes: { k: 1n },
          droppedAttributesCount: 0,
        },
      ],
    });
    expect(JSON.stringify(zipkinSpansFromSpans([made]))).toBe(
      `[{"traceId":"${TRACE_ID}","parentId":"00f067aa0ba902b7","id":"b7ad6b7169203331","kind":"CLIENT",` +
        `"name":"GET /orders","timestamp":1700000000000001,"duration":249,` +
        `"localEndpoint":{"serviceName":"Shop","ipv4":"10.0.0.7"},"remoteEndpoint":{"serviceName":"bank","port":8443},` +
        `"annotations":[{"timestamp":1700000000000100,"value":"retry"},` +
        `{"timestamp":1700000000000200,"value":"\\"why\\": {\\"k\\":1}"}],` +
        `"tags":{"error":"boom","host.ip":"[\\"10.0.0.7\\"]","list":"[\\"a\\",1]","n":"7","otel.library.name":"lib",` +
        `"otel.library.version":"2.0","otel.scope.name":"lib","otel.scope.version":"2.0",` +
        `"otel.status_code":"ERROR","region":"eu","server.address":"bank","server.port":"8443","yes":"true"}}]`,
    );
  });

  it.each(["INTERNAL", "UNSPECIFIED"] as const)("leaves the kind out for %s", (kind) => {
    expect(encodeOne(span({ kind }))).not.toHaveProperty("kind");
  });

  it("rounds a span of less than a microsecond up to 1 and leaves no duration for none", () => {
    const start = 1_700_000_000_000_000_000n;
    expect(encodeOne(span({ startTimeUnixNano: start, endTimeUnixNano: start + 1n }))?.duration).toBe(1);
    expect(encodeOne(span({ startTimeUnixNano: start, endTimeUnixNano: start }))).not.toHaveProperty(
      "duration",
    );
  });

  it("writes OK as a tag, nothing for UNSET, and drops error=false", () => {
    expect(encodeOne(span({ status: "OK" }))?.tags).toEqual({ "otel.status_code": "OK" });
    expect(encodeOne(span({ attributes: { error: "false" } }))).not.toHaveProperty("tags");
    expect(encodeOne(span({ status: "ERROR" }))?.tags).toEqual({ error: "", "otel.status_code": "ERROR" });
  });

  it("prefers the span's value of a key over the resource's", () => {
    expect(encodeOne(span({ resource: shop, attributes: { region: "us" } }))?.tags?.["region"]).toBe("us");
  });

  it.each([
    [{ "peer.service": "a", "server.address": "b" }, { serviceName: "a" }],
    [{ "service.peer.name": "new", "peer.service": "a" }, { serviceName: "new" }],
    [
      { "network.peer.address": "10.1.2.3", "network.peer.port": 53n },
      { ipv4: "10.1.2.3", port: 53 },
    ],
    [{ "net.sock.peer.addr": "::1", "net.sock.peer.port": 99_999n }, { ipv6: "::1" }],
    [{ "db.name": "orders" }, { serviceName: "orders" }],
  ])("names the other side of a client: case %#", (attributes, endpoint) => {
    expect(encodeOne(span({ kind: "CLIENT", attributes }))?.remoteEndpoint).toEqual(endpoint);
  });

  it("names no other side of a server", () => {
    expect(encodeOne(span({ kind: "SERVER", attributes: { "peer.service": "a" } }))).not.toHaveProperty(
      "remoteEndpoint",
    );
  });

  it("says dropped counts only where there are some", () => {
    expect(encodeOne(span({ droppedEventsCount: 2 }))?.tags).toEqual({ "otel.dropped_events_count": "2" });
  });
});

describe("Zipkin JSON in", () => {
  const decode = (...spans: object[]) => spansFromZipkinJson(spans);
  const base = { traceId: "1", id: "a" };

  it("reads back what it wrote: times to the microsecond, values as text", () => {
    const made = span({
      parentSpanId: "00f067aa0ba902b7",
      kind: "CLIENT",
      status: "ERROR",
      statusMessage: "boom",
      startTimeUnixNano: 1_700_000_000_000_001_000n,
      endTimeUnixNano: 1_700_000_000_000_251_000n,
      attributes: { "server.address": "bank", note: "x" },
      links: [
        {
          traceId: TRACE_ID,
          spanId: "1111111111111111",
          traceState: "",
          attributes: { k: 1n },
          droppedAttributesCount: 0,
          flags: 0,
        },
      ],
      events: [
        {
          name: "why",
          timeUnixNano: 1_700_000_000_000_200_000n,
          attributes: { k: 1n },
          droppedAttributesCount: 0,
        },
      ],
      droppedLinksCount: 3,
    });
    const [decoded] = spansFromZipkinJson(JSON.parse(JSON.stringify(zipkinSpansFromSpans([made]))));
    expect(decoded).toEqual(made);
  });

  it("pads ids, reads no kind as INTERNAL and 0 as no time", () => {
    expect(decode({ ...base, timestamp: 0, parentId: "0000000000000000" })[0]).toMatchObject({
      traceId: "1".padStart(32, "0"),
      spanId: "a".padStart(16, "0"),
      parentSpanId: undefined,
      kind: "INTERNAL",
      startTimeUnixNano: 0n,
      durationMs: 0,
    });
  });

  it("takes a search answer, a list of lists", () => {
    expect(spansFromZipkinJson([[base], [{ ...base, id: "b" }]])).toHaveLength(2);
  });

  it("keeps an error message that is more than true or false", () => {
    expect(decode({ ...base, tags: { error: "timed out" } })[0]).toMatchObject({
      status: "ERROR",
      statusMessage: "timed out",
      attributes: { error: "timed out" },
    });
    expect(decode({ ...base, tags: { error: "true" } })[0]).toMatchObject({
      status: "ERROR",
      statusMessage: "",
      attributes: { error: "true" },
    });
    expect(decode({ ...base, tags: { error: "false" } })[0]?.status).toBe("UNSET");
  });

  it("maps endpoints to service, host address and peer", () => {
    const [decoded] = decode({
      ...base,
      kind: "CLIENT",
      localEndpoint: { serviceName: "web", ipv4: "10.0.0.1" },
      remoteEndpoint: { serviceName: "db", ipv4: "::ffff:10.0.0.2", port: 5432 },
    });
    expect(decoded?.resource.attributes).toEqual({
      "service.name": "web",
      "host.ip": ["10.0.0.1"],
      "zipkin.local_endpoint": { serviceName: "web", ipv4: "10.0.0.1" },
    });
    expect(decoded?.attributes).toEqual({
      "peer.service": "db",
      "network.peer.address": "10.0.0.2",
      "network.peer.port": 5432n,
      "zipkin.remote_endpoint": { serviceName: "db", ipv4: "10.0.0.2", port: 5432n },
    });
  });

  it("keeps the id of a shared server span and marks it", () => {
    const [client, server] = decode(
      { ...base, kind: "CLIENT", shared: true, localEndpoint: { serviceName: "web" } },
      { ...base, kind: "SERVER", shared: true, debug: true, localEndpoint: { serviceName: "app" } },
    );
    expect(client).toMatchObject({ spanId: "000000000000000a", attributes: {} });
    expect(server).toMatchObject({
      spanId: "000000000000000a",
      attributes: { "zipkin.shared": true, "zipkin.debug": true },
    });
  });
});

describe("spans that leave as OTLP", () => {
  const base = { traceId: "1", id: "a" };

  it("tell a shared server span from its client, and the server's children with it", () => {
    const spans = spansFromZipkinJson([
      { ...base, kind: "CLIENT", localEndpoint: { serviceName: "web" } },
      { ...base, kind: "SERVER", shared: true, localEndpoint: { serviceName: "app" } },
      { ...base, id: "b", parentId: "a", localEndpoint: { serviceName: "app" } },
      { ...base, id: "c", parentId: "a", localEndpoint: { serviceName: "other" } },
    ]);
    const [client, server, child, other] = spansForOtlp(spans);
    expect(client).toBe(spans[0]);
    expect(server?.spanId).not.toBe("000000000000000a");
    expect(server?.parentSpanId).toBe("000000000000000a");
    expect(server?.attributes).toEqual({ "zipkin.shared_span_id": "000000000000000a" });
    expect(child?.parentSpanId).toBe(server?.spanId);
    expect(other?.parentSpanId).toBe("000000000000000a");
    expect(spansForOtlp(spans)[1]?.spanId).toBe(server?.spanId);
  });

  it("are the very same where none is shared", () => {
    const spans = spansFromZipkinJson([base]);
    expect(spansForOtlp(spans)).toBe(spans);
  });
});
