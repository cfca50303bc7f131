/** Zipkin's v2 and v1 JSON by the rules of Zipkin's own reader, worked out by hand. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TracAggError } from "../../src/base/errors.ts";
import { readingsFromJsonBytes, spansFromZipkinJson } from "../../src/codec/zipkin-json/decode.ts";
import { zipkinSpansFromSpans } from "../../src/codec/zipkin-json/encode.ts";
import { addressFromBytes, addressMembers } from "../../src/codec/zipkin-json/ip-address.ts";
import type { ZipkinReading, ZipkinSpan } from "../../src/codec/zipkin-json/zipkin-model.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const v2 = (...spans: object[]): ZipkinReading[] =>
  readingsFromJsonBytes(bytes(JSON.stringify(spans)), "JSON_V2");
const v1 = (...spans: object[]): ZipkinReading[] =>
  readingsFromJsonBytes(bytes(JSON.stringify(spans)), "JSON_V1");
const base = { traceId: "1", id: "a" };

function refusal(text: string, form: "JSON_V1" | "JSON_V2" = "JSON_V2"): string {
  try {
    readingsFromJsonBytes(bytes(text), form);
  } catch (error) {
    expect((error as TracAggError).code).toBe("invalid_argument");
    return (error as TracAggError).message;
  }
  throw new Error("was not refused");
}

describe("Zipkin v2 JSON", () => {
  it("holds nothing when it is empty", () => {
    expect(readingsFromJsonBytes(bytes(""), "JSON_V2")).toEqual([]);
    expect(readingsFromJsonBytes(bytes(" [] "), "JSON_V2")).toEqual([]);
  });

  it.each([
    ["1", "0000000000000001"],
    ["463ac35c9f6413ad", "463ac35c9f6413ad"],
    ["1463ac35c9f6413ad", "000000000000000" + "1463ac35c9f6413ad"],
    ["48485a3953bb61246b221d5bc9e6496c", "48485a3953bb61246b221d5bc9e6496c"],
    ["00000000000000006b221d5bc9e6496c", "6b221d5bc9e6496c"],
  ])("reads the trace id %s as %s", (traceId, expected) => {
    expect(v2({ ...base, traceId })[0]?.traceId).toBe(expected);
  });

  it("reads no parent where it is all zeros or the span itself", () => {
    expect(v2({ ...base, parentId: "0" })[0]?.parentId).toBeUndefined();
    expect(v2({ ...base, parentId: "a" })[0]?.parentId).toBeUndefined();
    expect(v2({ ...base, parentId: "b" })[0]?.parentId).toBe("000000000000000b");
  });

  it("reads amounts below 1 as none, and digits in a text as a number", () => {
    expect(v2({ ...base, timestamp: -1, duration: 0 })[0]).toMatchObject({ timestamp: 0, duration: 0 });
    expect(v2({ ...base, timestamp: "17", duration: 3 })[0]).toMatchObject({ timestamp: 17, duration: 3 });
  });

  it("takes either address family under either key, and drops what is no address", () => {
    const local = (endpoint: object) => v2({ ...base, localEndpoint: endpoint })[0]?.localEndpoint;
    expect(local({ ipv6: "1.2.3.4" })).toEqual({ ipv4: "1.2.3.4" });
    expect(local({ ipv4: "2001:DB8:0:0:0:0:0:C001" })).toEqual({ ipv6: "2001:db8::c001" });
    expect(local({ ipv4: "::ffff:1.2.3.4" })).toEqual({ ipv4: "1.2.3.4" });
    expect(local({ ipv4: "::1.2.3.4" })).toEqual({ ipv4: "1.2.3.4" });
    expect(local({ serviceName: "a", ipv4: "300.1.1.1", ipv6: "nonsense" })).toEqual({ serviceName: "a" });
    expect(local({ serviceName: "", port: 0 })).toBeUndefined();
    expect(local({ port: -5 })).toBeUndefined();
    expect(local({ serviceName: "Shop", port: "80" })).toEqual({ serviceName: "Shop", port: 80 });
  });

  it("sorts annotations by time and drops the same one twice", () => {
    const annotations = [
      { timestamp: 2, value: "b" },
      { timestamp: 1, value: "z" },
      { timestamp: 2, value: "a" },
      { timestamp: 1, value: "z" },
    ];
    expect(v2({ ...base, annotations })[0]?.annotations).toEqual([
      { timestamp: 1, value: "z" },
      { timestamp: 2, value: "a" },
      { timestamp: 2, value: "b" },
    ]);
  });

  it("ignores null members, unknown ones, and `shared` of a client", () => {
    const odd = { ...base, name: null, kind: null, tags: null, localEndpoint: null, mystery: { a: [1] } };
    expect(v2(odd)[0]).toMatchObject({ name: "", kind: undefined, localEndpoint: undefined });
    expect(v2({ ...base, kind: "CLIENT", shared: true })[0]?.isShared).toBe(false);
    expect(v2({ ...base, kind: "SERVER", shared: true, debug: true })[0]).toMatchObject({
      isShared: true,
      isDebug: true,
    });
    expect(v2({ ...base, shared: false })[0]?.isShared).toBe(false);
  });

  it.each([
    ["{", "Expected a JSON_V2 encoded list"],
    ["\u000c\u0000", "Expected a JSON_V2 encoded list"],
    ["[{", "Malformed reading List<Span> from json"],
    ["[1]", "Malformed reading List<Span> from json"],
    ['["a"]', "Malformed reading List<Span> from json"],
    ["[{}]", "Missing : traceId id reading List<Span> from json"],
    ['[{"id":"a"}]', "Missing : traceId reading List<Span> from json"],
    ['[{"traceId":"a"}]', "Missing : id reading List<Span> from json"],
    [
      '[{"traceId":null,"id":"a"}]',
      "Expected a string but was NULL at path $[0].traceId reading List<Span> from json",
    ],
    ['[{"traceId":"","id":"a"}]', "traceId is empty reading List<Span> from json"],
    ['[{"traceId":"0","id":"a"}]', "traceId is all zeros reading List<Span> from json"],
    [`[{"traceId":"${"1".repeat(33)}","id":"a"}]`, "traceId.length > 32 reading List<Span> from json"],
    [
      '[{"traceId":"A","id":"a"}]',
      "A should be lower-hex encoded with no prefix reading List<Span> from json",
    ],
    [
      '[{"traceId":"4e44-1824","id":"a"}]',
      "4e44-1824 should be lower-hex encoded with no prefix reading List<Span> from json",
    ],
    ['[{"traceId":"1","id":""}]', "id is empty reading List<Span> from json"],
    ['[{"traceId":"1","id":"0000000000000000"}]', "id is all zeros reading List<Span> from json"],
    ['[{"traceId":"1","id":"11111111111111111"}]', "id.length > 16 reading List<Span> from json"],
    ['[{"traceId":"1","id":"a","parentId":""}]', "parentId is empty reading List<Span> from json"],
    [
      '[{"traceId":"1","id":"a","kind":"INTERNAL"}]',
      "No enum constant zipkin2.Span.Kind.INTERNAL reading List<Span> from json",
    ],
    [
      '[{"traceId":"1","id":"a","annotations":[{"timestamp":1}]}]',
      "Incomplete annotation at $[0].annotations[0] reading List<Span> from json",
    ],
    [
      '[{"traceId":"1","id":"a","annotations":{}}]',
      "Expected BEGIN_ARRAY but was BEGIN_OBJECT at path $[0].annotations reading List<Span> from json",
    ],
    ['[{"traceId":"1","id":"a","tags":{"x":null}}]', "No value at $[0].tags.x reading List<Span> from json"],
    [
      '[{"traceId":"1","id":"a","tags":{"x":true}}]',
      "Expected a string but was BOOLEAN at path $[0].tags.x reading List<Span> from json",
    ],
    ['[{"traceId":"1","id":"a","tags":[]}]', "Malformed reading List<Span> from json"],
    [
      '[{"traceId":"1","id":"a","localEndpoint":{"port":65536}}]',
      "invalid port 65536 reading List<Span> from json",
    ],
    [
      '[{"traceId":"1","id":"a","timestamp":"soon"}]',
      "Expected a long but was STRING at path $[0].timestamp reading List<Span> from json",
    ],
    [
      '[{"traceId":"1","id":"a","binaryAnnotations":[]}]',
      "Expected a JSON_V2 encoded list, but received: JSON_V1",
    ],
  ])("refuses %s", (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it("refuses all of a list in which one span is bad", () => {
    expect(refusal(JSON.stringify([base, { ...base, id: "" }]))).toMatch(/^id is empty/);
  });
});

describe("addresses", () => {
  it("have one form", () => {
    expect(addressMembers("1:0:0:2:0:0:0:3")).toEqual({ ipv6: "1:0:0:2::3" });
    expect(addressMembers("2001:0:0:4:0:0:0:0")).toEqual({ ipv6: "2001:0:0:4::" });
    expect(addressMembers("::")).toEqual({ ipv6: "::" });
    expect(addressMembers("::1")).toEqual({ ipv6: "::1" });
    expect(addressMembers("1:2:3:4:5:6:7:8")).toEqual({ ipv6: "1:2:3:4:5:6:7:8" });
    for (const none of ["", "1.2.3", "1:2", "1::2::3", ":::", "g::", "12345::", "1:2:3:4:5:6:7:8:9"]) {
      expect(addressMembers(none), none).toEqual({});
    }
  });

  it("come as bytes too", () => {
    expect(addressFromBytes(Uint8Array.of(127, 0, 0, 1))).toEqual({ ipv4: "127.0.0.1" });
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4);
    expect(addressFromBytes(mapped)).toEqual({ ipv4: "1.2.3.4" });
    expect(addressFromBytes(new Uint8Array(3))).toEqual({});
  });
});

const SERVICE = fc.constantFrom("Web", "app", "bank");
const ENDPOINT = fc.record(
  {
    serviceName: SERVICE,
    ipv4: fc.ipV4().filter((text) => /^\d+\.\d+\.\d+\.\d+$/.test(text)),
    ipv6: fc.constantFrom("2001:db8::c001", "::1", "1:2:3:4:5:6:7:8"),
    port: fc.integer({ min: 1, max: 65_535 }),
  },
  { requiredKeys: [] },
);
const HEX = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits })
    .filter((text) => !/^0+$/.test(text));
const TAG_KEY = fc.oneof(
  fc.constantFrom("error", "peer.service", "network.peer.address", "network.peer.port", "host.ip", "a.b"),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const TAG_VALUE = fc.oneof(fc.constantFrom("", "true", "bank", "app", "80"), fc.string({ maxLength: 12 }));
const MICROS = fc.integer({ min: 1, max: 4_000_000_000_000_000 });

/** Any span that Zipkin itself would give out. */
const ANY_SPAN: fc.Arbitrary<ZipkinSpan> = fc
  .record(
    {
      traceId: fc.oneof(
        HEX(16),
        HEX(32).filter((id) => !id.startsWith("0".repeat(16))),
      ),
      parentId: HEX(16),
      id: HEX(16),
      kind: fc.constantFrom("CLIENT" as const, "SERVER" as const, "PRODUCER" as const, "CONSUMER" as const),
      name: fc.string({ minLength: 1, maxLength: 10 }),
      timestamp: MICROS,
      duration: MICROS,
      localEndpoint: ENDPOINT,
      remoteEndpoint: ENDPOINT,
      annotations: fc.uniqueArray(
        fc.record({
          timestamp: MICROS,
          value: fc.oneof(
            fc.string({ minLength: 1, maxLength: 10 }),
            fc.constantFrom('"retry": {"n":1}', '"retry": {"n":1.0}', '"retry": {}', '"a": {"b": 1}'),
          ),
        }),
        { minLength: 1, maxLength: 4, selector: ({ timestamp }) => timestamp },
      ),
      tags: fc.dictionary(TAG_KEY, TAG_VALUE, { minKeys: 1, maxKeys: 5 }),
      debug: fc.constant(true as const),
      shared: fc.constant(true as const),
    },
    { requiredKeys: ["traceId", "id"] },
  )
  .map((span) => normalised(span as ZipkinSpan));

/** Members in Zipkin's order, without what Zipkin itself would leave out. */
function normalised(span: ZipkinSpan): ZipkinSpan {
  const { parentId, kind, localEndpoint, remoteEndpoint, annotations, tags, shared, ...rest } = span;
  const endpoint = (name: string, value: object | undefined) =>
    value === undefined || Object.keys(value).length === 0 ? {} : { [name]: value };
  // An error that is "false" is none, and is not written (OpenTelemetry's mapping); a caller whose tags name the other
  // side gains a remote endpoint.
  const isCaller = kind === "CLIENT" || kind === "PRODUCER";
  const gains = isCaller && Object.keys(remoteEndpoint ?? {}).length === 0;
  const sorted = Object.entries(tags ?? {})
    .filter(([key, value]) => key !== "error" || value !== "false")
    .filter(([key]) => !gains || !/peer/.test(key))
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    ...rest,
    ...(parentId === undefined || parentId === span.id ? {} : { parentId }),
    ...(kind === undefined ? {} : { kind }),
    ...endpoint("localEndpoint", localEndpoint),
    ...endpoint("remoteEndpoint", remoteEndpoint),
    ...(annotations === undefined
      ? {}
      : { annotations: [...annotations].sort((left, right) => left.timestamp - right.timestamp) }),
    ...(sorted.length === 0 ? {} : { tags: Object.fromEntries(sorted) }),
    ...(shared === undefined || kind === "CLIENT" ? {} : { shared }),
  };
}

describe("a span of Zipkin", () => {
  it("leaves as it came", () => {
    fc.assert(
      fc.property(fc.array(ANY_SPAN, { maxLength: 4 }), (spans) => {
        expect(zipkinSpansFromSpans(spansFromZipkinJson(JSON.parse(JSON.stringify(spans))))).toEqual(spans);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves with its members in Zipkin's order, names in lower case where that is asked for", () => {
    const span = {
      shared: true,
      debug: true,
      tags: { z: "1", a: "2" },
      annotations: [{ timestamp: 2, value: "foo" }],
      remoteEndpoint: { serviceName: "Bank", port: 80 },
      localEndpoint: { serviceName: "Shop" },
      duration: 3,
      timestamp: 1,
      name: "Get /X",
      kind: "SERVER",
      id: "a",
      parentId: "b",
      traceId: "1",
    };
    expect(JSON.stringify(zipkinSpansFromSpans(spansFromZipkinJson([span]), { lowerCaseNames: true }))).toBe(
      '[{"traceId":"0000000000000001","parentId":"000000000000000b","id":"000000000000000a","kind":"SERVER",' +
        '"name":"get /x","timestamp":1,"duration":3,"localEndpoint":{"serviceName":"shop"},' +
        '"remoteEndpoint":{"serviceName":"bank","port":80},"annotations":[{"timestamp":2,"value":"foo"}],' +
        '"tags":{"a":"2","z":"1"},"debug":true,"shared":true}]',
    );
  });

  it("of any bytes is refused or read, and nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          readingsFromJsonBytes(bytes(`[${text}]`), "JSON_V2");
          readingsFromJsonBytes(bytes(`[${text}]`), "JSON_V1");
        } catch (error) {
          expect(error).toBeInstanceOf(TracAggError);
        }
      }),
    );
  });
});

describe("Zipkin v1 JSON", () => {
  const web = { serviceName: "web", ipv4: "10.0.0.1" };
  const app = { serviceName: "app", port: 80 };
  const at = (timestamp: number, value: string, endpoint?: object) => ({ timestamp, value, endpoint });

  it("splits a span with both sides, the server marked as shared", () => {
    const span = {
      ...base,
      name: "get",
      timestamp: 10,
      duration: 100,
      annotations: [at(10, "cs", web), at(20, "sr", app), at(90, "ss", app), at(110, "cr", web)],
      binaryAnnotations: [
        { key: "http.path", value: "/a", endpoint: web },
        { key: "http.path", value: "/b", endpoint: app },
      ],
    };
    expect(v1(span)).toMatchObject([
      { kind: "CLIENT", timestamp: 10, duration: 100, localEndpoint: web, isShared: false, annotations: [] },
      { kind: "SERVER", timestamp: 20, duration: 70, localEndpoint: app, isShared: true, annotations: [] },
    ]);
    expect(v1(span).map(({ tags }) => [...tags])).toEqual([[["http.path", "/a"]], [["http.path", "/b"]]]);
  });

  it("splits a service that called itself", () => {
    const annotations = [at(1, "cs", web), at(2, "sr", web), at(3, "ss", web), at(4, "cr", web)];
    expect(v1({ ...base, annotations })).toMatchObject([
      { kind: "CLIENT", timestamp: 1, duration: 3, isShared: false },
      { kind: "SERVER", timestamp: 2, duration: 1, isShared: true },
    ]);
  });

  it("takes times from the annotations of one side", () => {
    const client = { ...base, annotations: [at(10, "cs", web), at(15, "cr", web)] };
    expect(v1(client)).toMatchObject([{ kind: "CLIENT", timestamp: 10, duration: 5, isShared: false }]);
    const server = {
      ...base,
      timestamp: 10,
      duration: 5,
      annotations: [at(10, "sr", app), at(15, "ss", app)],
    };
    expect(v1(server)).toMatchObject([{ kind: "SERVER", timestamp: 10, duration: 5, isShared: false }]);
  });

  it("reads a server without times of its own as shared", () => {
    const annotations = [at(10, "sr", app), at(15, "ss", app)];
    expect(v1({ ...base, annotations })).toMatchObject([
      { kind: "SERVER", timestamp: 10, duration: 5, isShared: true },
    ]);
    expect(v1({ ...base, timestamp: 5, annotations: [at(10, "sr", app)] })).toMatchObject([
      { kind: "SERVER", isShared: false },
    ]);
  });

  it("finds the start of a side whose end lies where the span's times say", () => {
    expect(v1({ ...base, timestamp: 10, duration: 5, annotations: [at(15, "cr", web)] })).toMatchObject([
      { kind: "CLIENT", timestamp: 10, duration: 5, annotations: [] },
    ]);
  });

  it("keeps what was seen of one end only", () => {
    expect(v1({ ...base, annotations: [at(10, "cs", web)] })).toMatchObject([
      { kind: "CLIENT", timestamp: 10, duration: 0, annotations: [] },
    ]);
    expect(v1({ ...base, annotations: [at(15, "cr", web)] })).toMatchObject([
      { kind: "CLIENT", timestamp: 0, annotations: [{ timestamp: 15, value: "cr" }] },
    ]);
  });

  it("reads messages: a producer, a consumer, and the time on the wire", () => {
    expect(v1({ ...base, annotations: [at(10, "ms", web), at(12, "ws", web)] })).toMatchObject([
      { kind: "PRODUCER", timestamp: 10, duration: 2 },
    ]);
    expect(v1({ ...base, annotations: [at(10, "wr", app), at(12, "mr", app)] })).toMatchObject([
      { kind: "CONSUMER", timestamp: 10, duration: 2 },
    ]);
    expect(v1({ ...base, annotations: [at(10, "ms", web), at(20, "mr", app)] })).toMatchObject([
      { kind: "PRODUCER", timestamp: 10, isShared: false },
      { kind: "CONSUMER", timestamp: 20, isShared: true },
    ]);
  });

  it("reads addresses of the other side", () => {
    const address = (key: string, endpoint: object) => ({ key, value: true, endpoint });
    const [client] = v1({
      ...base,
      annotations: [at(10, "cs", web), at(15, "cr", web)],
      binaryAnnotations: [address("sa", app)],
    });
    expect(client?.remoteEndpoint).toEqual(app);
    const [server] = v1({
      ...base,
      annotations: [at(10, "sr", app), at(15, "ss", app)],
      binaryAnnotations: [address("ca", { serviceName: "app", ipv4: "10.0.0.9" })],
    });
    expect(server?.remoteEndpoint).toEqual({ ipv4: "10.0.0.9" });
    const [producer] = v1({
      ...base,
      annotations: [at(10, "ms", web)],
      binaryAnnotations: [address("ma", { serviceName: "kafka" })],
    });
    expect(producer?.remoteEndpoint).toEqual({ serviceName: "kafka" });
  });

  it("reads addresses without annotations", () => {
    const address = (key: string, endpoint: object) => ({ key, value: true, endpoint });
    expect(v1({ ...base, binaryAnnotations: [address("sa", app)] })).toMatchObject([
      { kind: undefined, remoteEndpoint: app },
    ]);
    expect(v1({ ...base, binaryAnnotations: [address("ca", app)] })).toMatchObject([
      { kind: "SERVER", remoteEndpoint: app },
    ]);
    expect(v1({ ...base, binaryAnnotations: [address("ca", web), address("sa", app)] })).toMatchObject([
      { kind: undefined, localEndpoint: web, remoteEndpoint: app },
    ]);
  });

  it("reads a local component without a tag for its mark, and drops values that are no text", () => {
    const [span] = v1({
      ...base,
      timestamp: 7,
      duration: 2,
      binaryAnnotations: [
        { key: "lc", value: "", endpoint: web },
        { key: "n", value: 5, endpoint: web },
        { key: "flag", value: true, endpoint: web },
      ],
    });
    expect(span).toMatchObject({ kind: undefined, localEndpoint: web, timestamp: 7, duration: 2 });
    expect(span?.tags.size).toBe(0);
  });

  it("keeps any other annotation, and a core one that nobody recorded", () => {
    const annotations = [at(5, "cache miss", web), at(6, "cs")];
    expect(v1({ ...base, annotations })).toMatchObject([
      {
        kind: undefined,
        localEndpoint: web,
        annotations: [
          { timestamp: 5, value: "cache miss" },
          { timestamp: 6, value: "cs" },
        ],
      },
    ]);
  });

  it.each([
    ["{}", "Expected a JSON_V1 encoded list"],
    [
      '[{"traceId":"1","id":"a","localEndpoint":{}}]',
      "Expected a JSON_V1 encoded list, but received: JSON_V2",
    ],
    [
      '[{"traceId":"1","id":"a","annotations":[{"value":"cs"}]}]',
      "Incomplete annotation at $[0].annotations[0] reading List<Span> from json",
    ],
    [
      '[{"traceId":"1","id":"a","binaryAnnotations":[{"value":"x"}]}]',
      "No key at $[0].binaryAnnotations[0] reading List<Span> from json",
    ],
  ])("refuses %s", (text, message) => {
    expect(refusal(text, "JSON_V1")).toBe(message);
  });
});
