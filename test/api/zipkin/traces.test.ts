/** `/api/v2/traces`, `/trace/{id}` and `/traceMany`, over every place where spans can lie. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spansFromZipkinJson } from "../../../src/codec/zipkin-json/decode.ts";
import type { Span } from "../../../src/model/span.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ZipkinServer } from "./zipkin-servers.ts";
import { NOW_MILLIS, ZIPKIN_SERVERS } from "./zipkin-servers.ts";

/** A shop whose names have capitals, and a worker with a trace of its own half a minute later. */
const SHOP: readonly Span[] = [
  buildSpan("shop", {
    id: "order",
    service: "Shop",
    name: "POST /Orders",
    kind: "SERVER",
    at: [0, 100],
    attributes: { "http.response.status_code": 500n, region: "eu" },
    status: "ERROR",
  }),
  buildSpan("shop", {
    id: "charge",
    parent: "order",
    service: "Shop",
    name: "charge",
    kind: "CLIENT",
    at: [10, 40.0005],
    attributes: { "peer.service": "Bank", "db.name": "unused" },
    events: [
      {
        name: "retried",
        timeUnixNano: 1_700_000_000_020_000_000n,
        attributes: {},
        droppedAttributesCount: 0,
      },
    ],
  }),
  buildSpan("shop", {
    id: "ledger",
    parent: "charge",
    service: "bank",
    name: "book",
    kind: "SERVER",
    at: [15, 35],
    attributes: { ledger: true },
  }),
];
const WORKER: readonly Span[] = [
  buildSpan("worker", { id: "job", service: "worker", name: "job", at: [30_000, 30_002] }),
];
/** Begins before its root, by a clock that is ahead. */
const SKEWED: readonly Span[] = [
  buildSpan("skewed", { id: "root", service: "front", name: "get", kind: "SERVER", at: [20_000, 20_010] }),
  buildSpan("skewed", { id: "early", parent: "root", service: "early", name: "run", at: [19_500, 19_510] }),
];
/** As Zipkin's tracers report: a server that shares its client's id and lost its time, and names whom it serves. */
const SHARED: readonly Span[] = spansFromZipkinJson([
  {
    traceId: "00000000000000ab",
    id: "b",
    kind: "CLIENT",
    name: "get",
    timestamp: 1_700_000_010_000_000,
    duration: 5_000,
    localEndpoint: { serviceName: "web", ipv4: "10.0.0.1" },
  },
  {
    traceId: "00000000000000ab",
    id: "b",
    kind: "SERVER",
    name: "get",
    localEndpoint: { serviceName: "App", ipv4: "10.0.0.2", port: 8080 },
    remoteEndpoint: { serviceName: "Web", ipv4: "10.0.0.1" },
    shared: true,
  },
]);

let server: ZipkinServer;

async function found(parameters: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const traces = (await server.get(`traces?${new URLSearchParams(parameters)}`)) as {
    readonly traceId: string;
  }[][];
  const names = new Map(["shop", "worker", "skewed"].map((name) => [traceIdOf(name), name]));
  names.set("00000000000000ab", "shared");
  return traces.map(([span]) => names.get(span?.traceId ?? "") ?? "another");
}

describe.each(ZIPKIN_SERVERS)("over %s", (_name, start) => {
  beforeAll(async () => {
    server = await start([
      SHOP.slice(0, 2),
      WORKER,
      SHARED.slice(0, 1),
      SHOP.slice(2),
      SKEWED,
      SHARED.slice(1),
    ]);
  });
  afterAll(() => server.stop());

  it("lists the newest traces of the last day without any parameter", async () => {
    expect(await found({})).toEqual(["worker", "skewed", "shared", "shop"]);
  });

  it("gives those nearest to endTs when there are more than the limit", async () => {
    expect(await found({ limit: "1" })).toEqual(["worker"]);
    expect(await found({ limit: "1", endTs: String(NOW_MILLIS - 31_000) })).toEqual(["skewed"]);
  });

  it.each([
    ["a service, whatever the case", { serviceName: "sHoP" }, ["shop"]],
    ["a service that is not there", { serviceName: "nobody" }, []],
    ["a span of the service", { serviceName: "shop", spanName: "post /orders" }, ["shop"]],
    ["no span of another service", { serviceName: "bank", spanName: "charge" }, []],
    ["a span of any service", { spanName: "BOOK" }, ["shop"]],
    ["every span name for all", { serviceName: "worker", spanName: "all" }, ["worker"]],
    ["a remote service", { serviceName: "shop", remoteServiceName: "bank" }, ["shop"]],
    ["no remote service of another", { serviceName: "bank", remoteServiceName: "bank" }, []],
    ["a tag of a number", { annotationQuery: "http.response.status_code=500" }, ["shop"]],
    ["a tag of a truth value", { annotationQuery: "ledger=true" }, ["shop"]],
    ["no other value of a tag", { annotationQuery: "ledger=false" }, []],
    ["a tag key", { annotationQuery: "region" }, ["shop"]],
    ["an annotation", { annotationQuery: "retried" }, ["shop"]],
    ["the tag of an error", { annotationQuery: "error" }, ["shop"]],
    ["terms met by different spans", { annotationQuery: "region=eu and retried and ledger=true" }, ["shop"]],
    ["an error and a tag of different spans", { annotationQuery: "error and ledger=true" }, ["shop"]],
    ["an error and a span of different spans", { annotationQuery: "error", spanName: "book" }, ["shop"]],
    ["terms that all have to be met", { annotationQuery: "region=eu and ledger=false" }, []],
    ["the last of two values of a key", { annotationQuery: "region=us and region=eu" }, ["shop"]],
    ["terms of the service's spans alone", { serviceName: "shop", annotationQuery: "ledger" }, []],
    ["spans that take so long", { minDuration: "100000" }, ["shop"]],
    ["spans within bounds", { minDuration: "30000", maxDuration: "30000", serviceName: "shop" }, ["shop"]],
    ["no span below the bounds", { minDuration: "30001", maxDuration: "99999", serviceName: "shop" }, []],
    ["a side that Zipkin told of a server", { remoteServiceName: "web" }, ["shared"]],
    ["a trace with a span without a time", { serviceName: "app" }, ["shared"]],
    ["a range by endTs and lookback", { endTs: String(NOW_MILLIS - 60_000), lookback: "1" }, ["shop"]],
    ["the time of the root", { endTs: String(NOW_MILLIS - 40_000), lookback: "1" }, ["skewed"]],
    ["not the time of an earlier span", { endTs: String(NOW_MILLIS - 40_400), lookback: "1000" }, []],
  ])("searches for %s", async (_what, parameters, names) => {
    expect(await found(parameters as Readonly<Record<string, string>>)).toEqual(names);
  });

  it("gives a trace as its spans are, members in Zipkin's order and names in lower case", async () => {
    const [status, text] = await server.told(`trace/${traceIdOf("shop")}`);
    const spans = text.split(',{"traceId"');
    expect([status, spans.length]).toEqual([200, 3]);
    expect(spans[1]).toBe(
      `:"${traceIdOf("shop")}","parentId":"${spanIdOf("order")}","id":"${spanIdOf("charge")}",` +
        '"kind":"CLIENT","name":"charge","timestamp":1700000000010000,"duration":30000,' +
        '"localEndpoint":{"serviceName":"shop"},"remoteEndpoint":{"serviceName":"bank"},' +
        '"annotations":[{"timestamp":1700000000020000,"value":"retried"}],' +
        '"tags":{"db.name":"unused","peer.service":"Bank"}}',
    );
  });

  it("gives spans of Zipkin's own tracers as they came", async () => {
    const [, text] = await server.told("trace/ab");
    const members = '"traceId":"00000000000000ab","id":"000000000000000b"';
    const written = [
      `{${members},"kind":"SERVER","name":"get",` +
        '"localEndpoint":{"serviceName":"app","ipv4":"10.0.0.2","port":8080},' +
        '"remoteEndpoint":{"serviceName":"web","ipv4":"10.0.0.1"},"shared":true}',
      `{${members},"kind":"CLIENT","name":"get","timestamp":1700000010000000,"duration":5000,` +
        '"localEndpoint":{"serviceName":"web","ipv4":"10.0.0.1"}}',
    ];
    expect(text).toBe(`[${written.join(",")}]`);
  });

  it("reads ids with spaces and without leading zeros, and tells which it did not find", async () => {
    expect((await server.told(`trace/${traceIdOf("shop")}%20`))[0]).toBe(200);
    expect(await server.told("trace/abcd")).toEqual([404, "000000000000abcd not found"]);
    expect(await server.told("trace/1000000000000abcd")).toEqual([
      404,
      "0000000000000001000000000000abcd not found",
    ]);
  });

  it("gives several traces, without those that are not there", async () => {
    const ids = [traceIdOf("shop"), "abcd", traceIdOf("worker")].join();
    const traces = (await server.get(`traceMany?traceIds=${ids}`)) as { readonly traceId: string }[][];
    expect(traces.map(([span, ...more]) => [span?.traceId, more.length])).toEqual([
      [traceIdOf("shop"), 2],
      [traceIdOf("worker"), 0],
    ]);
  });
});

describe("requests that Zipkin refuses", () => {
  beforeAll(async () => {
    server = await (ZIPKIN_SERVERS[0] as (typeof ZIPKIN_SERVERS)[number])[1]([]);
  });
  afterAll(() => server.stop());

  it.each([
    ["traces?endTs=0", "endTs <= 0"],
    ["traces?limit=0", "limit <= 0"],
    ["traces?lookback=0", "lookback <= 0"],
    ["traces?minDuration=0", "minDuration <= 0"],
    ["traces?minDuration=2&maxDuration=1", "maxDuration < minDuration"],
    ["traces?maxDuration=1", "maxDuration is only valid with minDuration"],
    ["traces?limit=ten", 'limit: expected a whole number, got "ten"'],
    ["trace/0e8b46e1-81b", "0e8b46e1-81b should be lower-hex encoded with no prefix"],
    ["trace/ABCD", "ABCD should be lower-hex encoded with no prefix"],
    ["traceMany?traceIds=", "traceIds parameter is empty"],
    ["traceMany?traceIds=abcd,abcd", "redundant traceId: abcd"],
    ["traceMany?traceIds=abcd", "Use /api/v2/trace/{traceId} endpoint to retrieve a single trace"],
    ["traceMany?traceIds=abcd,0e8b46e1-81b", "0e8b46e1-81b should be lower-hex encoded with no prefix"],
    ["dependencies", "endTs: expected this parameter, got none"],
    ["dependencies?endTs=0", "endTs <= 0"],
    ["dependencies?endTs=1&lookback=0", "lookback <= 0"],
    ["spans", "serviceName: expected this parameter, got none"],
    ["remoteServices", "serviceName: expected this parameter, got none"],
    ["autocompleteValues?key=", "key was empty"],
  ])("%s: %s", async (path, text) => {
    const answer = await server.fetch(`/api/v2/${path}`);
    expect([answer.status, await answer.text()]).toEqual([400, text]);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  });
});
