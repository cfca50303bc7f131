/** A deterministic corpus shaped like a recorded demo shop: 47 spans a request, 3 spans a trace at the median. */

import { encodeSpans } from "../src/codec/otlp-protobuf/encode-request.ts";
import type { Attributes } from "../src/model/attribute-value.ts";
import { makeSpan } from "../src/model/make-span.ts";
import type { Resource, Span, SpanEvent } from "../src/model/span.ts";
import type { Random } from "./random.ts";
import { createRandom } from "./random.ts";
import type { RouteCall } from "./shop-routes.ts";
import { SHOP_ROUTES } from "./shop-routes.ts";

const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.6099.28 Safari/537.36",
  "python-requests/2.31.0",
];
const PRODUCTS = ["OLJCESPC7Z", "66VCHSJNUP", "1YMWWN1N4O", "L9ECAV7KIM", "2ZYFJ3GM2N", "0PUK6V6EV0"];
const SPANS_PER_REQUEST = 47;
const REQUESTS = 101;
/** The corpus covers one minute, as the recording it imitates does. */
const CORPUS_NANOS = 60_000_000_000n;
const FIRST_START = 1_700_000_000_000_000_000n;
const ERROR_SHARE = 0.002;
const EVENT_SHARE = 0.25;

/** OTLP requests (protobuf, uncompressed) with the spans of each service and moment, as SDKs batch them. */
export function generateCorpus(seed = 1): Uint8Array[] {
  const random = createRandom(seed);
  const spans: Span[] = [];
  const wanted = SPANS_PER_REQUEST * REQUESTS;
  while (spans.length < wanted) {
    const startTimeUnixNano = FIRST_START + (CORPUS_NANOS * BigInt(spans.length)) / BigInt(wanted);
    addTrace(pickRoute(random), { random, spans, traceId: random.hex(32) }, startTimeUnixNano);
  }
  return requestsFrom(spans);
}

/** Spans leave their services at different moments, so a trace is spread over several requests. */
function requestsFrom(spans: readonly Span[]): Uint8Array[] {
  const requests: Uint8Array[] = [];
  const windowSize = SPANS_PER_REQUEST * 6;
  for (let start = 0; start < spans.length; start += windowSize) {
    const byService = spans
      .slice(start, start + windowSize)
      .sort((left, right) =>
        left.serviceName < right.serviceName ? -1 : left.serviceName > right.serviceName ? 1 : 0,
      );
    for (let index = 0; index < byService.length; index += SPANS_PER_REQUEST) {
      requests.push(encodeSpans(byService.slice(index, index + SPANS_PER_REQUEST)));
    }
  }
  return requests;
}

interface TraceInProgress {
  readonly random: Random;
  readonly spans: Span[];
  readonly traceId: string;
}

function pickRoute(random: Random): RouteCall {
  const total = SHOP_ROUTES.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.below(total);
  for (const [weight, route] of SHOP_ROUTES) {
    left -= weight;
    if (left < 0) return route;
  }
  throw new Error("weights do not add up");
}

function addTrace(call: RouteCall, trace: TraceInProgress, start: bigint, parentSpanId?: string): bigint {
  const { random } = trace;
  const spanId = random.hex(16);
  const index = trace.spans.length;
  let end = start + BigInt(20_000 + random.below(400_000));
  for (const child of call.calls ?? [])
    end = addTrace(child, trace, end, spanId) + BigInt(random.below(90_000));
  end += BigInt(Math.floor(-Math.log(1 - random.next()) * 1_500_000));
  const isError = random.next() < ERROR_SHARE;
  trace.spans.splice(
    index,
    0,
    makeSpan({
      traceId: trace.traceId,
      spanId,
      parentSpanId,
      name: call.name,
      kind: call.kind,
      startTimeUnixNano: start,
      endTimeUnixNano: end,
      status: isError ? "ERROR" : "UNSET",
      statusMessage: isError ? "upstream request timeout" : "",
      attributes: attributesOf(call, random, isError),
      events: random.next() < EVENT_SHARE ? [eventAt(start + 10_000n, random)] : [],
      resource: resourceOf(call.service),
      scope: {
        name: `shop.${call.style}`,
        version: "1.4.0",
        attributes: {},
        droppedAttributesCount: 0,
        schemaUrl: "",
      },
      flags: 0x101,
    }),
  );
  return end;
}

function eventAt(timeUnixNano: bigint, random: Random): SpanEvent {
  const attributes = { "message.type": "SENT", "message.id": BigInt(random.below(9)) };
  return { name: "message", timeUnixNano, attributes, droppedAttributesCount: 0 };
}

function resourceOf(service: string): Resource {
  return {
    attributes: {
      "service.name": service,
      "service.namespace": "shop",
      "host.name": `${service}-5d8f7c9b4-x2x7k`,
      "telemetry.sdk.language": service.length % 2 === 0 ? "go" : "nodejs",
    },
    droppedAttributesCount: 0,
    schemaUrl: "",
  };
}

function attributesOf(call: RouteCall, random: Random, isError: boolean): Attributes {
  const status = isError ? 503 : 200;
  switch (call.style) {
    case "proxy":
      return proxyAttributes(call, random, status);
    case "http":
      return {
        "http.method": "GET",
        "http.url": `http://frontend-proxy:8080/api/products/${random.pick(PRODUCTS)}?currencyCode=USD`,
        "http.target": `/api/products/${random.pick(PRODUCTS)}?currencyCode=USD`,
        "http.scheme": "http",
        "http.flavor": "1.1",
        "http.user_agent": random.pick(AGENTS),
        "http.status_code": BigInt(status),
        "net.host.name": "frontend-proxy",
        "net.host.port": 8080n,
        "net.peer.ip": `10.1.${random.below(4)}.${random.below(255)}`,
      };
    case "grpc":
      return {
        "rpc.system": "grpc",
        "rpc.service": call.name.replace(/^grpc\./, "").split("/")[0] as string,
        "rpc.method": call.name.split("/")[1] ?? call.name,
        "rpc.grpc.status_code": isError ? 14n : 0n,
        "net.sock.peer.addr": `10.1.${random.below(4)}.${random.below(255)}`,
        "net.sock.peer.port": BigInt(30_000 + random.below(9_999)),
        "app.product.id": random.pick(PRODUCTS),
        "app.user.id": `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`,
      };
    case "cache":
      return { "db.system": "redis", "db.statement": "HGET user cart", "server.address": "valkey-cart" };
    case "messaging":
      return {
        "messaging.system": "kafka",
        "messaging.destination.name": "orders",
        "messaging.operation.type": "send",
      };
    case "internal":
      return {
        "next.span_name": call.name,
        "next.span_type": "Node.runHandler",
        "next.rsc": random.below(2) === 0,
      };
  }
}

function proxyAttributes(call: RouteCall, random: Random, status: number): Attributes {
  const requestId = `${random.hex(8)}-${random.hex(4)}-9${random.hex(3)}-b${random.hex(3)}-${random.hex(12)}`;
  return {
    component: "proxy",
    "http.method": "GET",
    "http.protocol": "HTTP/1.1",
    "http.status_code": String(status),
    "http.url": `http://frontend-proxy:8080/images/products/${random.pick(PRODUCTS)}.jpg`,
    "guid:x-request-id": requestId,
    "peer.address": `10.1.0.${random.below(255)}:${30_000 + random.below(9_999)}`,
    response_flags: "-",
    upstream_cluster: call.kind === "SERVER" ? "frontend" : "images",
    "upstream_cluster.name": call.kind === "SERVER" ? "frontend" : "images",
    user_agent: random.pick(AGENTS),
    request_size: "0",
    response_size: String(random.below(90_000)),
  };
}
