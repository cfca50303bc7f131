import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Steps } from "../../src/base/time-slice.ts";
import { inSlices, TimeSlice } from "../../src/base/time-slice.ts";
import { distinctRows, distinctRowsInSteps } from "../../src/batch/distinct-rows.ts";
import { spanIdOf } from "../../src/batch/row-ids.ts";
import { nameOf, serviceNameOf } from "../../src/batch/row-names.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { lazySpan } from "../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { spanContent } from "../../src/model/span-content.ts";
import { concat, field, hex, IDS, TRACE_ID, tag } from "../codec/otlp-protobuf/request-bytes.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { allRows } from "../helpers/rows.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const rowsOf = (payload: Uint8Array) => allRows(new OtlpRequestDecoder().decode(payload).batch);
const serviceName = (name: string) => field(1, field(1, "service.name"), field(2, field(1, name)));
const request = (service: string, ...fields: readonly Uint8Array[]) =>
  field(1, field(1, serviceName(service)), field(2, field(2, IDS, ...fields)));
const start = (nanos: number) => concat(tag(7, 1), nanos, 0, 0, 0, 0, 0, 0, 0);
const text = (key: string, value: string) => field(9, field(1, key), field(2, field(1, value)));

describe("distinct rows of a trace", () => {
  test("hold the same span once, however it was encoded", () => {
    const plain = rowsOf(request("s", field(5, "n"), text("a", "1"), text("b", "2")));
    const reordered = rowsOf(
      request("s", text("b", "2"), text("a", "1"), field(5, "n"), field(77, "unknown")),
    );
    const distinct = distinctRows([...plain, ...reordered, ...plain]);
    expect(distinct).toEqual(plain);
    expect(distinct[0]).toBe(plain[0]);
  });

  test.each([
    ["name", request("s", field(5, "other"))],
    ["service", request("t", field(5, "n"))],
    ["kind", request("s", field(5, "n"), tag(6, 0), Uint8Array.of(2))],
    ["status", request("s", field(5, "n"), field(15, tag(3, 0), 2))],
    ["attribute", request("s", field(5, "n"), text("a", "1"))],
    ["trace state", request("s", field(5, "n"), field(3, "a=b"))],
    ["event", request("s", field(5, "n"), field(11, field(2, "e")))],
  ])("keep both spans of one id that differ in %s", (_what, payload) => {
    expect(distinctRows([...rowsOf(request("s", field(5, "n"))), ...rowsOf(payload)])).toHaveLength(2);
  });

  test("keep both spans of one id whose attributes differ in type only", () => {
    const asText = request("s", field(9, field(1, "k"), field(2, field(1, "1"))));
    const asInteger = request("s", field(9, field(1, "k"), field(2, tag(3, 0), 1)));
    const asDouble = request("s", field(9, field(1, "k"), field(2, tag(4, 1), hex("000000000000f03f"))));
    expect(distinctRows([...rowsOf(asText), ...rowsOf(asInteger), ...rowsOf(asDouble)])).toHaveLength(3);
  });

  test("come by start time, then span id", () => {
    const span = (id: string, name: string, nanos: number) =>
      field(2, field(1, hex(TRACE_ID)), field(2, hex(id)), field(5, name), start(nanos));
    const payload = field(
      1,
      field(
        2,
        span("00000000000000ff", "c", 9),
        span("0000000000000002", "b", 5),
        span("0000000000000001", "a", 5),
      ),
    );
    expect(distinctRows(rowsOf(payload)).map(nameOf)).toEqual(["a", "b", "c"]);
  });

  test("of no rows are none", () => {
    expect(distinctRows([])).toEqual([]);
  });

  test("know the service of each row", () => {
    expect(rowsOf(concat(request("one"), request("two"))).map(serviceNameOf)).toEqual(["one", "two"]);
  });
});

/** By the words of the contract: no key, no run, no merge. */
function distinctByContent(rows: readonly SpanRow[]): SpanRow[] {
  const seen = new Set<string>();
  const kept = rows.filter((row) => {
    const content = spanContent(lazySpan(row));
    return !seen.has(content) && seen.add(content);
  });
  const startOf = ({ batch, row }: SpanRow): bigint => batch.startTimesUnixNano[row]!;
  return kept.sort((left, right) => {
    if (startOf(left) !== startOf(right)) return startOf(left) < startOf(right) ? -1 : 1;
    return spanIdOf(left).localeCompare(spanIdOf(right));
  });
}

/** Counts how often work gave others a chance to run. */
function counted<T>(steps: Steps<T>): { yields: number; largest: number; result: T } {
  let yields = 0;
  let largest = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { yields, largest, result: step.value };
    yields++;
    largest = Math.max(largest, step.value);
  }
}

describe("distinct rows of a large trace", () => {
  const manyRows = (count: number, seed: number): SpanRow[] => {
    let state = seed;
    const next = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const spans = Array.from({ length: count }, () =>
      buildSpan("large", { id: `s${next(count)}`, name: `n${next(2)}`, at: [next(50), 60 + next(2)] }),
    );
    return allRows(batchOf(spans));
  };
  const numbers = (rows: readonly SpanRow[]): number[] => rows.map(({ row }) => row);

  test("are those of the definition, in its order, whatever order they come in", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 2, max: 7_000 }), (seed, count) => {
        const rows = manyRows(count, seed);
        expect(numbers(distinctRows(rows))).toEqual(numbers(distinctByContent(rows)));
      }),
      { numRuns: 8 },
    );
  });

  test("are found in steps of bounded size, and not at all for one who left", async () => {
    const rows = manyRows(10_000, 7);
    const { yields, largest, result } = counted(distinctRowsInSteps(rows));
    expect(numbers(result)).toEqual(numbers(distinctRows(rows)));
    expect(yields).toBeGreaterThan(10_000 / 1_024);
    expect(largest).toBeLessThanOrEqual(2_048);
    const left = new AbortController();
    const slice = new TimeSlice(left.signal);
    left.abort();
    const forEver = async (): Promise<void> => {
      for (;;) await inSlices(distinctRowsInSteps(rows), slice);
    };
    await expect(forEver()).rejects.toMatchObject({ code: "cancelled" });
  });
});
