/** The demo's shop: what its requests do, and what is wrong with it. */

import type { Resource, Span } from "../../model/span.ts";
import type { ResourceChoice, SpanPlace } from "./request-script.ts";
import { RequestScript } from "./request-script.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { httpCall, httpServer, peerCall, postgresQuery, redisCommand } from "./shop-calls.ts";

/** Every minute Redis refuses connections for this long: the error burst. */
const BURST_MILLIS = 10_000;
const BURST_PERIOD_MILLIS = 60_000;

const REDIS_FAILURE = Object.freeze({ type: "ConnectionError", message: "connect ECONNREFUSED redis:6379" });

/** Makes the spans of one visit to the shop. */
export interface Shop {
  /**
   * One request and, when it bought something, the traces of the consumers.
   *
   * @param endUnixMillis - when the latest span ends.
   */
  visit(endUnixMillis: number): Span[];
}

interface Visit {
  readonly random: SeededRandom;
  readonly script: RequestScript;
  readonly redisIsDown: boolean;
}

/** True while the error burst lasts. */
export function isInErrorBurst(unixMillis: number): boolean {
  return unixMillis % BURST_PERIOD_MILLIS < BURST_MILLIS;
}

/** Two pods of each service, one in each zone, on one of two nodes there. */
const ZONES: readonly string[] = ["eu-west-1a", "eu-west-1b"];

function resourceFor(service: string, zone: number): Resource {
  const pod = `${service}-7d9f-${zone + 1}`;
  return {
    attributes: {
      "service.name": service,
      "service.version": "1.4.2",
      "service.namespace": "shop",
      "deployment.environment.name": "demo",
      "host.name": pod,
      "k8s.pod.name": pod,
      "k8s.node.name": `node-${zone + 1}${"ab".charAt(codeSumOf(service) % 2)}`,
      "k8s.namespace.name": "shop",
      "k8s.cluster.name": "demo",
      "cloud.availability_zone": ZONES[zone] as string,
      "cloud.region": "eu-west-1",
      "telemetry.sdk.language": "nodejs",
      "telemetry.sdk.name": "opentelemetry",
    },
    droppedAttributesCount: 0,
    schemaUrl: "",
  };
}

function codeSumOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
}

/** Resources are made once, so that spans share them. A digit of the trace id chooses which pod serves a trace. */
function createResources(): ResourceChoice {
  const known = new Map<string, Resource>();
  return (service, traceId) => {
    const zone = traceId.charCodeAt(codeSumOf(service) % traceId.length) % ZONES.length;
    const key = `${service} ${zone}`;
    const resource = known.get(key) ?? resourceFor(service, zone);
    known.set(key, resource);
    return resource;
  };
}

/** Answers 503 when Redis is down: the cart is nowhere else. */
function loadCart({ script, redisIsDown }: Visit, from: string): number {
  return httpCall(script, { from, to: "cart", method: "GET", route: "/cart/{id}" }, () =>
    redisCommand(script, "cart", "HGETALL", redisIsDown ? REDIS_FAILURE : undefined) ? 200 : 503,
  );
}

function browse(visit: Visit): number {
  const { script } = visit;
  return httpServer(script, { service: "frontend", method: "GET", route: "/products" }, () => {
    script.parallel([
      () => {
        const call = { from: "frontend", to: "recommendation", method: "GET", route: "/recommendations" };
        httpCall(script, call, () => {
          if (!redisCommand(script, "recommendation", "GET")) return 503;
          postgresQuery(script, "recommendation", "purchases");
          return 200;
        });
      },
      () => {
        const call = { from: "frontend", to: "inventory", method: "GET", route: "/stock" };
        httpCall(script, call, () => (postgresQuery(script, "inventory", "products") ? 200 : 500));
      },
    ]);
    script.span({ service: "frontend", name: "render products", kind: "INTERNAL" }, () => script.work(2, 8));
    return 200;
  });
}

function viewCart(visit: Visit): number {
  const { script } = visit;
  return httpServer(script, { service: "frontend", method: "GET", route: "/cart" }, () => {
    const status = loadCart(visit, "frontend");
    if (status >= 500) return 502;
    script.span({ service: "frontend", name: "render cart", kind: "INTERNAL" }, () => script.work(1, 4));
    return 200;
  });
}

/** The N+1: one query for each item of the cart, one after the other, where one query would do. */
function reserve({ script, random }: Visit): void {
  const items = random.whole(12, 30);
  httpCall(script, { from: "checkout", to: "inventory", method: "POST", route: "/reserve" }, () => {
    script.set("shop.item.count", BigInt(items));
    for (let item = 0; item < items; item++) postgresQuery(script, "inventory", "stock");
    return postgresQuery(script, "inventory", "stock", "UPDATE") ? 200 : 500;
  });
}

/** The slow dependency: the card gateway outside takes most of the time of every purchase. */
function charge({ script, random }: Visit): number {
  return httpCall(script, { from: "checkout", to: "payment", method: "POST", route: "/charge" }, () => {
    const amount = random.whole(500, 25_000) / 100;
    script.set("shop.payment.amount", amount);
    const attributes = {
      "http.request.method": "POST",
      "url.full": "https://card-gateway.example/v2/charges",
      "server.address": "card-gateway.example",
      "server.port": 443n,
      "http.response.status_code": 201n,
      "service.peer.name": "card-gateway",
    };
    peerCall(script, { service: "payment", name: "POST", attributes, leastMillis: 450, mostMillis: 1_400 });
    return postgresQuery(script, "payment", "payments", "INSERT") ? 200 : 500;
  });
}

const ORDERS_TOPIC = Object.freeze({
  "messaging.system": "kafka",
  "messaging.destination.name": "orders",
  "server.address": "kafka",
  "server.port": 9092n,
});

function publishOrder({ script }: Visit): SpanPlace {
  const attributes = {
    ...ORDERS_TOPIC,
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
  };
  return script.span({ service: "checkout", name: "send orders", kind: "PRODUCER", attributes }, (place) => {
    script.work(1, 3);
    return place;
  });
}

/** Answers with the place of the message, when the order went through. */
function checkOut(visit: Visit): SpanPlace | undefined {
  const { script } = visit;
  let message: SpanPlace | undefined;
  httpServer(script, { service: "frontend", method: "POST", route: "/checkout" }, () => {
    const call = { from: "frontend", to: "checkout", method: "POST", route: "/orders" };
    const status = httpCall(script, call, () => {
      if (loadCart(visit, "checkout") >= 500) {
        script.event("exception", { "exception.type": "CartUnavailable", "exception.message": "cart: 503" });
        return 500;
      }
      reserve(visit);
      charge(visit);
      postgresQuery(script, "checkout", "orders", "INSERT");
      message = publishOrder(visit);
      return 201;
    });
    return status >= 500 ? 502 : 201;
  });
  return message;
}

/** A trace of its own, tied to the order by a link, as consumers of queues are. */
function consume(visit: Visit, script: RequestScript, consumer: string, message: SpanPlace): void {
  const { random } = visit;
  const attributes = {
    ...ORDERS_TOPIC,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.consumer.group.name": consumer,
  };
  const link = { ...message, traceState: "", attributes: {}, droppedAttributesCount: 0, flags: 1 };
  script.span(
    { service: consumer, name: "process orders", kind: "CONSUMER", attributes, links: [link] },
    () => {
      script.work(1, 4);
      postgresQuery(script, consumer, consumer === "shipping" ? "shipments" : "mails", "INSERT");
      script.work(random.whole(2, 6), 15);
    },
  );
}

const CONSUMERS: readonly string[] = ["shipping", "notification"];

/** Of ten visits six look, two open the cart, two buy. */
function createVisits(random: SeededRandom): (visit: Visit) => SpanPlace | undefined {
  return (visit) => {
    const kind = random.whole(1, 10);
    if (kind > 8) return checkOut(visit);
    if (kind > 6) viewCart(visit);
    else browse(visit);
    return undefined;
  };
}

/** Opens the shop; the same random numbers and moments make the same spans. */
export function createShop(random: SeededRandom): Shop {
  const resources = createResources();
  const play = createVisits(random);
  return {
    visit: (endUnixMillis) => {
      const script = new RequestScript({ random, resources });
      const visit: Visit = { random, script, redisIsDown: isInErrorBurst(endUnixMillis) };
      const message = play(visit);
      const scripts = [script];
      for (const consumer of message === undefined ? [] : CONSUMERS) {
        const startNanos = script.nowNanos + random.whole(2, 40) * 1_000_000;
        const following = new RequestScript({ random, resources, startNanos });
        consume(visit, following, consumer, message as SpanPlace);
        scripts.push(following);
      }
      const lengthNanos = Math.max(...scripts.map(({ endNanos }) => endNanos));
      const startUnixNano = BigInt(Math.trunc(endUnixMillis)) * 1_000_000n - BigInt(lengthNanos);
      return scripts.flatMap((made) => made.spans(startUnixNano));
    },
  };
}
