/** Cases of the store contract about the catalogue of attributes. */

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import type { AttributeCatalogue } from "../../src/store/attribute-catalogue.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { naiveAttributes } from "../helpers/naive-attributes.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan, unixNanoAt } from "../helpers/trace-builder.ts";
import type { OpenStore, Placement, StoreHandle } from "./trace-store-handle.ts";
import { PLACEMENTS, place } from "./trace-store-handle.ts";

const ALL = 10_000;

/** Two traces: a shop that is asked over HTTP, with a retry, an exception and a link between them. */
function shopSpans(): readonly Span[] {
  const get = buildSpan("first", {
    id: "get",
    service: "shop",
    name: "GET /cart",
    at: [0, 10],
    attributes: { "http.status": 200n, route: "/cart", tags: ["new", "new", 7n], "empty.value": null },
    resourceAttributes: { host: "a" },
  });
  const pay = buildSpan("first", {
    id: "pay",
    parent: "get",
    service: "pay",
    name: "charge",
    at: [1, 9],
    attributes: { "http.status": 500n, amount: 9.5, "is.retry": true, body: new Uint8Array([1, 2]) },
    events: [
      {
        name: "exception",
        timeUnixNano: unixNanoAt(5),
        attributes: { "exception.type": "Timeout" },
        droppedAttributesCount: 0,
      },
    ],
  });
  const again = buildSpan("second", {
    id: "again",
    service: "shop",
    name: "GET /cart",
    at: [100, 110],
    attributes: { "http.status": 200n, route: "/Cart/items", long: "x".repeat(257) },
    resourceAttributes: { host: "b" },
    links: ["first/get"],
  });
  const links = again.links.map((link) => ({ ...link, attributes: { reason: "retry" } }));
  const scope = { ...again.scope, name: "express", version: "4.1", attributes: { mode: "lazy" } };
  return [get, pay, { ...again, links, scope }];
}

/** The catalogue of attributes, and its equality with a count over plain spans. */
export function describeAttributes(open: OpenStore, runs: number): void {
  describe.each(PLACEMENTS)("attributes, spans %s", (placement: Placement) => {
    let handle: StoreHandle;
    let store: TraceStore;
    beforeAll(async () => {
      handle = await open();
      store = handle.store;
      await place(handle, shopSpans(), placement);
    });
    afterAll(() => handle.close());

    const textsOf = async (level: "span" | "resource" | "any", key: string, prefix = ""): Promise<string[]> =>
      (await store.attributeValues({ level, key, prefix, limit: ALL })).values.map(({ text }) => text);

    it("lists keys with types and counts, those of the most spans first", async () => {
      const { keys, isWhole } = await store.attributeKeys({ level: "span", limit: ALL });
      expect(keys.map(({ key, types, count }) => [key, types, count])).toEqual([
        ["http.status", ["int"], 3],
        ["route", ["string"], 2],
        ["amount", ["float"], 1],
        ["body", ["other"], 1],
        ["is.retry", ["bool"], 1],
        ["long", ["string"], 1],
        ["tags", ["list"], 1],
      ]);
      expect(isWhole).toBe(true);
    });

    it("lists keys of every level", async () => {
      const { keys } = await store.attributeKeys({ limit: ALL });
      const named = keys.filter(({ level }) => level !== "span").map(({ level, key }) => `${level} ${key}`);
      expect(named.sort()).toEqual([
        "event exception.type",
        "instrumentation mode",
        "intrinsic event:name",
        "intrinsic instrumentation:name",
        "intrinsic instrumentation:version",
        "intrinsic span:name",
        "intrinsic trace:rootName",
        "intrinsic trace:rootService",
        "link reason",
        "resource host",
        "resource service.name",
      ]);
    });

    it("says when keys are left out for the limit", async () => {
      const { keys, isWhole } = await store.attributeKeys({ level: "span", limit: 1 });
      expect([keys.map(({ key }) => key), isWhole]).toEqual([["http.status"], false]);
    });

    it("lists values with type and count, the most frequent first", async () => {
      const { values, isWhole } = await store.attributeValues({
        level: "span",
        key: "http.status",
        limit: ALL,
      });
      expect(values.map(({ type, text, count }) => [type, text, count])).toEqual([
        ["int", "200", 2],
        ["int", "500", 1],
      ]);
      expect(isWhole).toBe(true);
    });

    it("lists the elements of a list once each", async () => {
      const { values } = await store.attributeValues({ level: "span", key: "tags", limit: ALL });
      expect(values.map(({ type, text, count }) => [type, text, count])).toEqual([
        ["int", "7", 1],
        ["string", "new", 1],
      ]);
    });

    it("lists no bytes and no long texts, and says that there are others", async () => {
      for (const key of ["body", "long"])
        expect(await store.attributeValues({ level: "span", key, limit: ALL })).toEqual({
          values: [],
          isWhole: false,
        });
    });

    it("knows nothing, and says so, of a key that does not occur or was sent without a value", async () => {
      for (const key of ["nothing", "empty.value"])
        expect(await store.attributeValues({ level: "span", key, limit: ALL })).toEqual({
          values: [],
          isWhole: true,
        });
    });

    it("finds what begins with a text, whatever its case", async () => {
      expect(await textsOf("span", "route", "/cart/")).toEqual(["/Cart/items"]);
      const { keys } = await store.attributeKeys({ level: "span", prefix: "HTTP.", limit: ALL });
      expect(keys.map(({ key }) => key)).toEqual(["http.status"]);
    });

    it("takes any level for that of spans and of resources", async () => {
      expect(await textsOf("any", "host")).toEqual(await textsOf("resource", "host"));
      expect((await textsOf("any", "host")).sort()).toEqual(["a", "b"]);
    });

    it("lists operations, and roots of traces by name and service", async () => {
      const intrinsic = async (key: string) => {
        const { values } = await store.attributeValues({ level: "intrinsic", key, limit: ALL });
        return values.map(({ text, count }) => [text, count]);
      };
      expect(await intrinsic("span:name")).toEqual([
        ["GET /cart", 2],
        ["charge", 1],
      ]);
      expect(await intrinsic("trace:rootName")).toEqual([["GET /cart", 2]]);
      expect(await intrinsic("trace:rootService")).toEqual([["shop", 2]]);
      expect(await intrinsic("event:name")).toEqual([["exception", 1]]);
    });

    it("tells when a key was last seen", async () => {
      const { keys } = await store.attributeKeys({ level: "link", limit: ALL });
      expect(keys.map(({ lastSeenUnixNano }) => lastSeenUnixNano)).toEqual([unixNanoAt(100)]);
    });

    it("answers nothing for a range that nothing lies in", async () => {
      const before = { endTimeUnixNano: unixNanoAt(-1), limit: ALL };
      const after = { startTimeUnixNano: unixNanoAt(101), limit: ALL };
      for (const range of [before, after])
        expect(await store.attributeKeys(range)).toEqual({ keys: [], isWhole: true });
    });

    it("ends a question that nobody waits for", async () => {
      const signal = AbortSignal.abort();
      await expect(store.attributeKeys({ limit: ALL, signal })).rejects.toMatchObject({ code: "cancelled" });
    });
  });

  it("the catalogue of attributes of any spans, however sealed, is that of counting them", async () => {
    const property = fc.asyncProperty(anyBatches, async (batches) => {
      const handle = await open();
      try {
        const feed = new BatchFeed(handle.store);
        let number = 0;
        const spans: Span[] = [];
        for (const { sketches, isFlushed } of batches) {
          const some = sketches.map((sketch) => spanOf(sketch, number++));
          feed.append(...some);
          spans.push(...some);
          if (isFlushed) await handle.flush();
        }
        await expectCounts(handle.store, spans);
      } finally {
        await handle.close();
      }
    });
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: 8_000 });
  });
}

const anyValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom<AttributeValue>("a", "", "7", 7n, -7n, 7, 7.5, Number.NaN, true, false, null, "é"),
  fc.constantFrom<AttributeValue>(["a", 7n, "a", null], [], new Uint8Array([1]), { inner: "a" }),
);
const anyAttributes = fc.dictionary(fc.constantFrom("k", "host", "route", "service.name"), anyValue, {
  maxKeys: 3,
  noNullPrototype: true,
});

const anySketch = fc.record({
  trace: fc.constantFrom("t1", "t2", "t3"),
  isRoot: fc.boolean(),
  service: fc.constantFrom("one", "two"),
  name: fc.constantFrom("get", "put", ""),
  attributes: anyAttributes,
  host: fc.constantFrom("a", 7n),
  scope: fc.record({ name: fc.constantFrom("", "lib"), attributes: anyAttributes }),
  events: fc.array(fc.record({ name: fc.constantFrom("retry", ""), attributes: anyAttributes }), {
    maxLength: 2,
  }),
  links: fc.array(anyAttributes, { maxLength: 2 }),
});
type Sketch = typeof anySketch extends fc.Arbitrary<infer Value> ? Value : never;

const anyBatches = fc.array(
  fc.record({ sketches: fc.array(anySketch, { minLength: 1, maxLength: 6 }), isFlushed: fc.boolean() }),
  { maxLength: 5 },
);

/** Every span has an id of its own: one that is stored twice may count twice. */
function spanOf(
  { trace, isRoot, service, name, attributes, host, scope, events, links }: Sketch,
  number: number,
): Span {
  const span = buildSpan(trace, {
    id: `s${number}`,
    ...(isRoot ? {} : { parent: "elsewhere" }),
    service,
    name,
    at: [number, number + 1],
    attributes,
    resourceAttributes: { host },
    links: links.map(() => "t9/s"),
  });
  return {
    ...span,
    scope: { ...span.scope, ...scope },
    events: events.map((event) => ({
      ...event,
      timeUnixNano: unixNanoAt(number),
      droppedAttributesCount: 0,
    })),
    links: span.links.map((link, index) => ({ ...link, attributes: links[index] ?? {} })),
  };
}

async function expectCounts(store: AttributeCatalogue, spans: readonly Span[]): Promise<void> {
  const expected = naiveAttributes(spans);
  const newest = spans.at(-1)?.startTimeUnixNano ?? 0n;
  const { keys, isWhole } = await store.attributeKeys({ limit: ALL });
  expect(isWhole).toBe(true);
  const told = keys.map(({ level, key, types, count }) => [`${level}:${key}`, [...types].sort(), count]);
  const wanted = [...expected].map(([id, { types, count }]) => [id, [...types].sort(), count]);
  expect(told.sort()).toEqual(wanted.sort());
  for (const { level, key, lastSeenUnixNano } of keys) {
    const counted = expected.get(`${level}:${key}`);
    expect(lastSeenUnixNano >= (counted?.newest ?? 0n) && lastSeenUnixNano <= newest).toBe(true);
    const { values } = await store.attributeValues({ level, key, limit: ALL });
    expect(new Map(values.map(({ type, text, count }) => [`${type}:${text}`, count]))).toEqual(
      counted?.values,
    );
  }
}
