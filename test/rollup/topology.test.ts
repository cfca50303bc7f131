import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { CallSums } from "../../src/analysis/call-sums.ts";
import type { PlaceLevel } from "../../src/analysis/topology/place-node.ts";
import { PLACE_LEVELS } from "../../src/analysis/topology/place-node.ts";
import { topology } from "../../src/analysis/topology/topology.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Attributes } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import { graphIn } from "../../src/query/live-graph.ts";
import type { TopologyAnswer, TopologyRequest } from "../../src/query/live-topology.ts";
import { topologyIn } from "../../src/query/live-topology.ts";
import type { QueryContext } from "../../src/query/query-context.ts";
import { DEFAULT_ANSWER_LIMITS } from "../../src/query/query-context.ts";
import type { LiveStatisticsOptions } from "../../src/rollup/live-statistics.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { traceArbitrary } from "../helpers/span-arbitrary.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../helpers/trace-builder.ts";

const ARRIVAL_UNIX_MILLIS = Number(BUILDER_START_UNIX_NANO / 1_000_000n) + 60_000;
const DAY_SECONDS = 86_400;

/** One span a request, a second apart; traces complete on the way, and again when late spans come. */
function statisticsOf(spans: readonly Span[], options: LiveStatisticsOptions = {}): LiveStatistics {
  const live = new LiveStatistics(options);
  let nowMillis = 0;
  for (const [position, span] of spans.entries()) {
    live.append({ batch: batchOf([span]), position, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS }, nowMillis);
    nowMillis += 1_000;
    while (live.tick(nowMillis, ARRIVAL_UNIX_MILLIS / 1_000)) {
      // More are due.
    }
  }
  live.window.completeOpen(nowMillis, "all");
  return live;
}

const store = createMemoryStore();
const contextOf = (live: LiveStatistics): QueryContext => ({
  reader: store,
  catalogue: store,
  statistics: store,
  live: () => live,
  clock: { ...systemClock, nowMillis: () => ARRIVAL_UNIX_MILLIS },
  answerLimits: DEFAULT_ANSWER_LIMITS,
});
const ask = (live: LiveStatistics, request: TopologyRequest): Promise<TopologyAnswer> =>
  topologyIn(contextOf(live), request, { signal: new AbortController().signal });

function sumsText({ counts, sketches }: CallSums): string {
  const texts = Object.entries(sketches).flatMap(([name, sketch]) =>
    sketch === undefined || sketch.isEmpty ? [] : [`${name} ${sketch.toBytes().join(".")}`],
  );
  return `${JSON.stringify(counts)} ${texts.sort().join(" ")}`;
}

const tracesArbitrary = fc.uniqueArray(traceArbitrary(), {
  minLength: 1,
  maxLength: 4,
  selector: ([span]) => span?.traceId,
});
const level: fc.Arbitrary<PlaceLevel> = fc.constantFrom(...PLACE_LEVELS);
const scattered = (traces: readonly (readonly Span[])[], keys: readonly number[]): Span[] =>
  [...traces.flat(), ...traces.flat()]
    .map((span, at) => ({ span, key: keys[at % keys.length] as number }))
    .sort((left, right) => left.key - right.key)
    .map(({ span }) => span);
const keysArbitrary = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });

test("spans one by one, late, out of order and twice give the topology of whole traces, at any two levels", async () => {
  await fc.assert(
    fc.asyncProperty(
      tracesArbitrary,
      keysArbitrary,
      level,
      level,
      async (traces, keys, callerLevel, calleeLevel) => {
        const live = statisticsOf(scattered(traces, keys));
        const answer = await ask(live, { callerLevel, calleeLevel });
        const scratch = topology(
          traces.map((spans) => ({ spans })),
          { callerLevel, calleeLevel },
        );
        expect(
          answer.edges.map(({ from, to, type, cell }) => ({ from, to, type, sums: sumsText(cell) })),
        ).toEqual(scratch.edges.map(({ sums, ...edge }) => ({ ...edge, sums: sumsText(sums) })));
        expect(answer.nodes.map(({ node }) => node)).toEqual(scratch.nodes);
      },
    ),
    { numRuns: 100 },
  );
});

/** Calls and errors of the topology between the services of each edge of the graph, and of that edge. */
async function sumsBySides(live: LiveStatistics, levels: TopologyRequest): Promise<unknown[][]> {
  const { edges } = await graphIn(contextOf(live), {});
  const pairs: unknown[][] = [];
  for (const { key, cell } of edges) {
    const services = { callerService: key.fromService, calleeService: key.toService };
    const between = (await ask(live, { ...levels, ...services })).edges.filter(
      ({ type }) => type === key.type,
    );
    const sum = (name: "calls" | "errors"): number =>
      between.reduce((total, edge) => total + edge.cell.counts[name], 0);
    pairs.push([
      [key, sum("calls"), sum("errors")],
      [key, cell.counts.calls, cell.counts.errors],
    ]);
  }
  return pairs;
}

test("whatever the levels and the bounds, calls and errors between two services add up to those of the graph", async () => {
  await fc.assert(
    fc.asyncProperty(
      tracesArbitrary,
      keysArbitrary,
      level,
      level,
      fc.record({ maxLinks: fc.integer({ min: 1, max: 6 }), maxPlaces: fc.integer({ min: 1, max: 5 }) }),
      async (traces, keys, callerLevel, calleeLevel, bounds) => {
        const live = statisticsOf(scattered(traces, keys), bounds);
        for (const [places, graph] of await sumsBySides(live, { callerLevel, calleeLevel })) {
          expect(places).toEqual(graph);
        }
        const all = await ask(live, { callerLevel, calleeLevel });
        const { edges } = await graphIn(contextOf(live), {});
        const callsOf = (counted: readonly { readonly cell: CallSums }[]): number =>
          counted.reduce((total, { cell }) => total + cell.counts.calls, 0);
        expect(callsOf(all.edges)).toBe(callsOf(edges));
        // A link that was taken back somewhere else than it was added would be left with less than nothing.
        expect(all.edges.every(({ cell }) => cell.counts.calls > 0)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

const on = (instance: string, host: string, zone: string): Attributes => ({
  "service.instance.id": instance,
  "host.name": host,
  "cloud.availability_zone": zone,
});

/** A call from one instance to another; both spans are of one trace. */
function callSpans(name: string, from: Attributes, to: Attributes, atMillis = 0): Span[] {
  const at: [number, number] = [atMillis, atMillis + 10];
  return [
    buildSpan(name, { id: `${name} out`, service: "a", kind: "CLIENT", at, resourceAttributes: from }),
    buildSpan(name, {
      id: `${name} in`,
      parent: `${name} out`,
      service: "b",
      kind: "SERVER",
      at,
      resourceAttributes: to,
    }),
  ];
}

async function linesOf(live: LiveStatistics, request: TopologyRequest): Promise<string[]> {
  const { edges } = await ask(live, { callerService: "a", ...request });
  return edges.map(({ from, to, cell }) => `${from.id} > ${to.id} ${cell.counts.calls}`);
}

describe("beyond the bound of links of a day", () => {
  const FIRST = on("a1", "h1", "z1");
  /** Two links are told apart by instance, the first call and all entries; then two by host, two by zone. */
  const live = statisticsOf(
    [
      callSpans("1", FIRST, on("b1", "h1", "z1")),
      callSpans("2", FIRST, on("b2", "h1", "z1")),
      callSpans("3", FIRST, on("b3", "h2", "z1")),
      callSpans("4", FIRST, on("b4", "h3", "z1")),
      callSpans("5", FIRST, on("b5", "h4", "z2")),
      callSpans("6", FIRST, on("b6", "h5", "z3")),
    ].flat(),
    { maxLinks: 2 },
  );

  it("tells hosts apart but not instances, then zones but not hosts, at last services only", async () => {
    expect(await linesOf(live, { callerLevel: "service" })).toEqual([
      "service/a > instance/(other places)/(other places)/(other places)/(other places)/b/(other places) 1",
      "service/a > instance/-/z1/(other hosts)/-/b/(other instances) 1",
      "service/a > instance/-/z1/h1/-/b/(other instances) 1",
      "service/a > instance/-/z1/h1/-/b/b1 1",
      "service/a > instance/-/z1/h2/-/b/(other instances) 1",
      "service/a > instance/-/z2/(other hosts)/-/b/(other instances) 1",
    ]);
  });

  it("still has the zones of nearly all calls, and counts what it did not tell apart", async () => {
    expect(await linesOf(live, { level: "zone" })).toEqual([
      "zone/(other places) > zone/(other places) 1",
      "zone/z1 > zone/z1 4",
      "zone/z1 > zone/z2 1",
    ]);
    expect(live.topology.links.overflowed).toBe(5);
  });
});

test("places beyond the bound are one place with a name", async () => {
  const live = statisticsOf(
    ["1", "2", "3"].flatMap((name) => callSpans(name, on("a1", "h1", "z1"), on(`b${name}`, "h1", "z1"))),
    { maxPlaces: 2 },
  );
  expect(await linesOf(live, { callerLevel: "service", calleeLevel: "host" })).toEqual([
    "service/a > host/(other places)/(other places)/(other places) 2",
    "service/a > host/-/z1/h1 1",
  ]);
  expect(live.topology.places).toMatchObject({ count: 2, overflowed: 2 });
});

test("links and places that are counted nowhere any more are forgotten, and every day has its own bound", () => {
  const arrivalSeconds = ARRIVAL_UNIX_MILLIS / 1_000;
  const live = new LiveStatistics({ maxLinks: 4, maxPlaces: 40 });
  for (let day = 0; day < 40; day++) {
    const atMillis = day * DAY_SECONDS * 1_000;
    const spans = callSpans(`${day}`, on(`a${day}`, "h", "z"), on(`b${day}`, "h", "z"), atMillis);
    const arrivalUnixMillis = ARRIVAL_UNIX_MILLIS + atMillis;
    live.append({ batch: batchOf(spans), position: day, arrivalUnixMillis }, atMillis);
    live.window.completeOpen(atMillis, "all");
    live.tick(atMillis, arrivalSeconds + day * DAY_SECONDS);
  }
  expect(live.topology.links).toMatchObject({ overflowed: 0 });
  expect(live.topology.links.count).toBeLessThanOrEqual(32 * 2);
  expect(live.topology.places.overflowed).toBeGreaterThan(0);
  expect(live.topology.places.count).toBeLessThanOrEqual(40);
});
