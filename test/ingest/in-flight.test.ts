import { describe, expect, test } from "vitest";
import { TracAggError } from "../../src/base/errors.ts";
import type { InFlightLimit } from "../../src/ingest/in-flight.ts";
import { InFlight } from "../../src/ingest/in-flight.ts";

function codeOf(act: () => unknown): string {
  try {
    act();
    return "none";
  } catch (error) {
    return (error as TracAggError).code;
  }
}

describe("InFlight", () => {
  test("admits up to the limit of bytes and refuses beyond it, retryably", () => {
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 10 });
    inFlight.reserve(60);
    inFlight.reserve(40);
    expect(() => inFlight.reserve(1)).toThrowError(TracAggError);
    expect(codeOf(() => inFlight.reserve(1))).toBe("overloaded");
    expect(inFlight.bytes).toBe(100);
  });

  test("a request that is alone is admitted whatever its size, and may grow", () => {
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 10 });
    const alone = inFlight.reserve(500);
    alone.grow(900);
    expect(inFlight.bytes).toBe(900);
    expect(codeOf(() => inFlight.reserve(1))).toBe("overloaded");
  });

  test("a refused growth leaves the reservation as it was", () => {
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 10 });
    const first = inFlight.reserve(10);
    inFlight.reserve(10);
    expect(codeOf(() => first.grow(91))).toBe("overloaded");
    expect(inFlight.bytes).toBe(20);
    first.grow(90);
    expect(inFlight.bytes).toBe(100);
  });

  test("growing to less changes nothing", () => {
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 10 });
    inFlight.reserve(50).grow(20);
    expect(inFlight.bytes).toBe(50);
  });

  test("released room can be had again, and releasing twice counts once", () => {
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 10 });
    const first = inFlight.reserve(60);
    inFlight.reserve(40);
    first.release();
    first.release();
    first.grow(1_000);
    expect(inFlight.bytes).toBe(40);
    expect(inFlight.requests).toBe(1);
  });

  test("bounds the number of requests however small they are, and says which limit was hit", () => {
    const hits: InFlightLimit[] = [];
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 2 }, (limit) => hits.push(limit));
    inFlight.reserve(0);
    inFlight.reserve(0);
    expect(codeOf(() => inFlight.reserve(0))).toBe("overloaded");
    expect(hits).toEqual(["requests"]);
  });

  test("idle resolves when the last reservation is released", async () => {
    const inFlight = new InFlight({ maxBytes: 100, maxRequests: 10 });
    const order: string[] = [];
    const first = inFlight.reserve(1);
    const second = inFlight.reserve(1);
    const idle = inFlight.idle().then(() => order.push("idle"));
    first.release();
    await Promise.resolve();
    order.push("first released");
    second.release();
    await idle;
    expect(order).toEqual(["first released", "idle"]);
  });
});
