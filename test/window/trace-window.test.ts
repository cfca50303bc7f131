import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import type { Span } from "../../src/model/span.ts";
import { FarEnds } from "../../src/window/far-ends.ts";
import { Operations, OTHER_OPERATIONS } from "../../src/window/operations.ts";
import { TraceTable } from "../../src/window/trace-table.ts";
import type { WindowOptions } from "../../src/window/trace-window.ts";
import { TraceWindow } from "../../src/window/trace-window.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";

interface Told {
  readonly trace: string;
  readonly spans: readonly string[];
  readonly sign: number;
}

let told: Told[];
let window: TraceWindow;
let position: number;

function open(options: WindowOptions = {}): void {
  told = [];
  position = 0;
  window = new TraceWindow(
    new Operations(),
    (rows, trace, news) => {
      const { table, spans } = window;
      const sign = news === "retract" ? -1 : 1;
      told.push({
        trace: table.hex(trace),
        spans: Array.from(rows, (row) => spans.columns.spanIdHex(row)),
        sign,
      });
    },
    options,
  );
}

beforeEach(() => open());

/** Appends one request; how many of its spans were new. */
function append(nowMillis: number, ...spans: Span[]): number {
  let fresh = 0;
  const committed = { batch: batchOf(spans), position: position++, arrivalUnixMillis: 1_700_000_000_000 };
  window.append(committed, nowMillis, () => fresh++);
  return fresh;
}

const root = (trace: string): Span => buildSpan(trace, { id: "root", at: [0, 10] });
const child = (trace: string, id: string, parent = "root"): Span =>
  buildSpan(trace, { id, parent, at: [1, 2] });

function toldOf(trace: string, ids: readonly string[], sign = 1): Told {
  return { trace: traceIdOf(trace), spans: ids.map(spanIdOf), sign };
}

test("spans of one trace meet whatever request they came in, and the trace is told of when it is quiet", () => {
  append(0, child("t", "a"));
  append(5_000, child("t", "b", "missing"));
  append(9_000, root("t"));
  window.tick(18_999);
  expect(told).toEqual([]);
  window.tick(19_250);
  expect(told).toEqual([toldOf("t", ["a", "b", "root"])]);
  expect(window.counters.quiet).toBe(1);
  expect(window.openTraces).toBe(0);
});

test("a trace with its root and all parents is complete after two quiet seconds", () => {
  append(0, root("t"), child("t", "a"));
  window.tick(1_999);
  expect(told).toEqual([]);
  window.tick(2_250);
  expect(told).toEqual([toldOf("t", ["root", "a"])]);
  expect(window.counters.whole).toBe(1);
});

test("a late span takes back what was told, and tells of all", () => {
  append(0, root("t"));
  window.tick(3_000);
  append(60_000, child("t", "late"));
  window.tick(63_000);
  expect(told).toEqual([toldOf("t", ["root"]), toldOf("t", ["root"], -1), toldOf("t", ["root", "late"])]);
  expect(window.counters.reopened).toBe(1);
});

test("copies count once, in the same request, in another one, and after the trace was complete", () => {
  expect(append(0, root("t"), root("t"))).toBe(1);
  expect(append(1, root("t"))).toBe(0);
  window.tick(5_000);
  expect(append(6_000, root("t"))).toBe(0);
  window.tick(20_000);
  expect(told).toEqual([toldOf("t", ["root"])]);
  expect(window.counters.duplicates).toBe(3);
});

test("a span with an id that is there but other content is another span", () => {
  expect(append(0, root("t"), { ...root("t"), name: "other" })).toBe(2);
});

test("copies are found in traces of any length", () => {
  const spans = [root("t"), ...Array.from({ length: 500 }, (_, at) => child("t", `c${at}`))];
  expect(append(0, ...spans)).toBe(501);
  expect(append(1, ...spans)).toBe(0);
});

test("after its time a complete trace is forgotten, and what still comes is another trace", () => {
  open({ keepMillis: 60_000 });
  append(0, root("t"));
  window.tick(3_000);
  window.tick(64_000);
  expect(window.spanCount).toBe(0);
  append(65_000, child("t", "late"));
  window.tick(80_000);
  expect(told).toEqual([toldOf("t", ["root"]), toldOf("t", ["late"])]);
});

test("at its cap of spans a trace is complete at once, and the rest makes another part", () => {
  open({ maxTraceSpans: 3 });
  append(0, ...["a", "b", "c", "d"].map((id) => child("t", id)));
  expect(told).toEqual([toldOf("t", ["a", "b", "c"])]);
  window.completeOpen(1, "all");
  expect(told[1]).toEqual(toldOf("t", ["d"]));
  expect(window.counters.spanCap).toBe(1);
});

test("a trace that never gets quiet is complete at its cap of time", () => {
  open({ maxOpenMillis: 30_000 });
  for (let at = 0; at <= 40_000; at += 1_000) {
    append(at, child("t", `c${at}`, "missing"));
    window.tick(at);
  }
  expect(window.counters.timeCap).toBe(1);
  expect(told).toHaveLength(1);
});

test("memory is bounded: complete traces go first, then open ones are completed, none is lost", () => {
  open({ maxSpans: 10 });
  for (let trace = 0; trace < 100; trace++) append(trace, root(`t${trace}`), child(`t${trace}`, "a"));
  expect(window.spanCount).toBeLessThanOrEqual(10);
  window.completeOpen(1_000, "all");
  expect(told).toHaveLength(100);
  expect(told.every(({ spans, sign }) => spans.length === 2 && sign === 1)).toBe(true);
  expect(window.counters.memoryCap).toBeGreaterThan(0);
});

test("the log is needed from the oldest span of a trace that is not complete", () => {
  expect(window.oldestOpenPosition()).toBe(Number.POSITIVE_INFINITY);
  append(0, root("a"));
  append(0, root("b"));
  append(3_000, child("b", "c"));
  window.tick(3_000);
  expect(window.oldestOpenPosition()).toBe(1);
  window.tick(30_000);
  expect(window.oldestOpenPosition()).toBe(Number.POSITIVE_INFINITY);
});

test("the table of trace ids finds what is in it and nothing else, whatever was removed", () => {
  const steps = fc.array(fc.record({ id: fc.nat(40), isRemoval: fc.boolean() }), { maxLength: 300 });
  fc.assert(
    fc.property(steps, fc.integer(), (all, seed) => {
      const table = new TraceTable(seed);
      const numbers = new Map<number, number>();
      for (const { id, isRemoval } of all) {
        const words = Uint32Array.of(id, 0, id % 3, 7);
        const known = numbers.get(id);
        expect(table.find(words, 0)).toBe(known ?? -1);
        if (isRemoval && known !== undefined) {
          table.remove(known);
          numbers.delete(id);
        } else if (known === undefined) {
          numbers.set(id, table.add(words, 0));
        }
      }
      expect(new Set(numbers.values()).size).toBe(numbers.size);
      expect(table.count).toBe(numbers.size);
    }),
  );
});

test("operations beyond the bound are counted together, service by service", () => {
  const operations = new Operations(3);
  const first = operations.idOf("shop", "GET /1");
  operations.idOf("shop", "GET /2");
  operations.idOf("cart", "add");
  const other = operations.idOf("shop", "GET /3");
  expect(operations.idOf("shop", "GET /4")).toBe(other);
  expect(operations.name(other)).toBe(OTHER_OPERATIONS);
  expect(operations.service(other)).toBe("shop");
  expect(operations.idOf("shop", "GET /1")).toBe(first);
  expect(operations.overflowed).toBe(2);
});

test("names that explode are counted without the ids in them, names before stay as they are", () => {
  const operations = new Operations();
  const first = operations.idOf("shop", "GET /user/1");
  for (let user = 2; user <= 5_000; user++) operations.idOf("shop", `GET /user/${user}`);
  expect(operations.count).toBe(101);
  expect(operations.idOf("shop", "GET /user/1")).toBe(first);
  const { service, name } = { service: operations.service(100), name: operations.name(100) };
  expect([service, name]).toEqual(["shop", "GET /user/{id}"]);
  expect(operations.idOf("shop", "GET /user/123456")).toBe(100);
  expect(operations.idOf("shop", "GET /cart")).toBe(101);
});

test("far ends that nothing names any more are forgotten, and their numbers not given again", () => {
  const farEnds = new FarEnds();
  const kept = farEnds.idOf({ "service.peer.name": "a" });
  const gone = farEnds.idOf({ "service.peer.name": "b" });
  farEnds.keepOnly(new Set([kept]));
  expect(farEnds.count).toBe(1);
  expect(farEnds.idOf({ "service.peer.name": "a" })).toBe(kept);
  expect(farEnds.idOf({ "service.peer.name": "b" })).toBeGreaterThan(gone);
  expect(farEnds.attributes(gone)).toEqual({});
});
