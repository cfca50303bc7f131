import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pickVersions, tracesByVersion } from "../../../src/analysis/compare/version-sides.ts";

/** Traces by version, one after the other; "" is no version that is known. */
const tracesOf = (...versions: readonly string[]) =>
  versions.map((version, at) => ({
    version: version === "" ? undefined : version,
    startTimeUnixNano: BigInt(at),
  }));

describe("picking versions", () => {
  it.each([
    ["2.10.0", "2.9.0", ["2.9.0", "2.10.0", "2.1.0"]],
    ["2.10.0", "2.9.0", ["2.10.0", "2.1.0", "2.9.0"]],
    ["v3", "v3-rc1", ["v3", "v3-rc1", "v2.9"]],
    ["v3-rc10", "v3-rc9", ["v3-rc10", "v3-rc9"]],
    ["1.0.1", "1", ["1.0.1", "1"]],
    // One that is no number: the latest to start first is the newest.
    ["9fd2", "3.0.0", ["2.0.0", "3.0.0", "2.0.0", "9fd2", "3.0.0"]],
  ])("takes %s against %s of %j", (selection, baseline, versions) => {
    expect(pickVersions(tracesOf(...versions))).toEqual({ selection, baseline });
  });

  it("takes what is named, and the newest other one beside it", () => {
    const traces = tracesOf("1.0", "2.0", "3.0");
    expect(pickVersions(traces, { selection: "1.0" })).toEqual({ selection: "1.0", baseline: "3.0" });
    expect(pickVersions(traces, { baseline: "3.0" })).toEqual({ selection: "2.0", baseline: "3.0" });
    expect(pickVersions(traces, { selection: "7", baseline: "1.0" })).toEqual({
      selection: "7",
      baseline: "1.0",
    });
  });

  it("finds nothing to compare with where there is nothing", () => {
    expect(pickVersions(tracesOf(""))).toEqual({ selection: undefined, baseline: undefined });
    expect(pickVersions(tracesOf("1", "", "1"))).toEqual({ selection: "1", baseline: undefined });
    expect(tracesByVersion(tracesOf("", "1"), { selection: undefined, baseline: undefined }).sides).toEqual({
      sides: new Uint8Array(),
      selectionSize: 0,
      baselineSize: 0,
    });
  });

  it("does not depend on the order of traces", () => {
    const anyTraces = fc.array(
      fc.record({
        version: fc.constantFrom("1.0", "1.1", "2", "abc", undefined),
        startTimeUnixNano: fc.bigInt({ min: 0n, max: 5n }),
      }),
    );
    fc.assert(
      fc.property(anyTraces, (traces) => {
        expect(pickVersions(traces.toReversed())).toEqual(pickVersions(traces));
      }),
    );
  });
});

it("divides the traces of two versions and leaves the others out", () => {
  const traces = tracesOf("2", "1", "3", "", "2");
  const { isCompared, sides } = tracesByVersion(traces, { selection: "2", baseline: "1" });
  expect(isCompared).toEqual([true, true, false, false, true]);
  expect(sides).toEqual({ sides: Uint8Array.of(1, 0, 1), selectionSize: 2, baselineSize: 1 });
});
