import { expect, it } from "vitest";
import { createSeededRandom } from "../../src/cli/demo/seeded-random.ts";
import { createShop, isInErrorBurst } from "../../src/cli/demo/shop.ts";
import { placeOf } from "../../src/model/place.ts";
import type { Span } from "../../src/model/span.ts";

/** 12:00:30 UTC: Redis is up. */
const QUIET = Date.UTC(2026, 0, 31, 12, 0, 30);
/** 12:00:05 UTC: Redis is down. */
const BURST = Date.UTC(2026, 0, 31, 12, 0, 5);

function visits(count: number, endUnixMillis: number, seed = 3): Span[] {
  const shop = createShop(createSeededRandom(seed));
  return Array.from({ length: count }, () => shop.visit(endUnixMillis)).flat();
}

function named(spans: readonly Span[], service: string, name: string): Span[] {
  return spans.filter((span) => span.serviceName === service && span.name === name);
}

it("makes the same spans of the same seed, and others of another", () => {
  expect(visits(20, QUIET)).toEqual(visits(20, QUIET));
  expect(visits(20, QUIET)[0]?.traceId).not.toBe(visits(20, QUIET, 4)[0]?.traceId);
});

it("ends every visit at the moment asked for, and keeps children inside their parents", () => {
  const spans = visits(60, QUIET);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const ends = spans.map((span) => span.endTimeUnixNano).sort((left, right) => (left < right ? -1 : 1));
  expect(ends.at(-1)).toBe(BigInt(QUIET) * 1_000_000n);
  for (const span of spans.filter((child) => child.parentSpanId !== undefined)) {
    const parent = byId.get(span.parentSpanId as string) as Span;
    expect(parent.traceId).toBe(span.traceId);
    expect(span.startTimeUnixNano).toBeGreaterThanOrEqual(parent.startTimeUnixNano);
    expect(span.endTimeUnixNano).toBeLessThanOrEqual(parent.endTimeUnixNano);
  }
});

it("plants a slow dependency: the card gateway takes most of each charge", () => {
  const spans = visits(100, QUIET);
  const charges = named(spans, "payment", "POST /charge");
  expect(charges.length).toBeGreaterThan(5);
  for (const charge of charges) {
    const gateway = spans.find((span) => span.parentSpanId === charge.spanId && span.name === "POST") as Span;
    expect(gateway.attributes["server.address"]).toBe("card-gateway.example");
    expect(gateway.durationMs / charge.durationMs).toBeGreaterThan(0.9);
  }
});

it("plants an N+1: at least twelve like queries under one reservation", () => {
  const spans = visits(100, QUIET);
  const reservations = named(spans, "inventory", "POST /reserve");
  expect(reservations.length).toBeGreaterThan(5);
  for (const reservation of reservations) {
    const queries = named(spans, "inventory", "SELECT stock").filter(
      (span) => span.parentSpanId === reservation.spanId,
    );
    expect(queries.length).toBeGreaterThanOrEqual(12);
    expect(reservation.attributes["shop.item.count"]).toBe(BigInt(queries.length));
  }
});

it("plants an error burst: ten seconds of every minute carts cannot be read", () => {
  expect([isInErrorBurst(BURST), isInErrorBurst(QUIET)]).toEqual([true, false]);
  const failed = named(visits(100, BURST), "cart", "HGETALL");
  expect(failed.length).toBeGreaterThan(5);
  expect(failed.every((span) => span.status === "ERROR" && span.events[0]?.name === "exception")).toBe(true);
  expect(visits(100, QUIET).filter((span) => span.status === "ERROR")).toEqual([]);
});

it("runs two pods of each service, in two zones, one of them in a trace", () => {
  const spans = visits(100, QUIET);
  const placesOf = (some: readonly Span[]): Map<string, Set<string>> => {
    const places = new Map<string, Set<string>>();
    for (const { serviceName, resource } of some) {
      const { instance, host, zone, cluster } = placeOf(resource.attributes);
      const text = [instance, host, zone, cluster].join(" ");
      places.set(serviceName, (places.get(serviceName) ?? new Set()).add(text));
    }
    return places;
  };
  expect([...(placesOf(spans).get("cart") as Set<string>)].sort()).toEqual([
    "cart-7d9f-1 node-1a eu-west-1a demo",
    "cart-7d9f-2 node-2a eu-west-1b demo",
  ]);
  expect([...placesOf(spans).values()].map(({ size }) => size)).toEqual(Array(8).fill(2));
  const one = spans.filter(({ traceId }) => traceId === spans[0]?.traceId);
  expect([...placesOf(one).values()].every(({ size }) => size === 1)).toBe(true);
});

it("ties consumers to the order by a link, in traces of their own", () => {
  const spans = visits(100, QUIET);
  const sent = new Map(named(spans, "checkout", "send orders").map((span) => [span.spanId, span]));
  const consumed = spans.filter((span) => span.kind === "CONSUMER");
  expect(consumed).toHaveLength(sent.size * 2);
  for (const consumer of consumed) {
    const producer = sent.get(consumer.links[0]?.spanId as string) as Span;
    expect(consumer.links[0]?.traceId).toBe(producer.traceId);
    expect(consumer.traceId).not.toBe(producer.traceId);
    expect(consumer.startTimeUnixNano).toBeGreaterThan(producer.endTimeUnixNano);
  }
});
