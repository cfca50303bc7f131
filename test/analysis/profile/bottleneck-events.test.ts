import { describe, expect, it } from "vitest";
import type { BottleneckEvent } from "../../../src/analysis/profile/bottleneck-events.ts";
import { BottleneckDetector } from "../../../src/analysis/profile/bottleneck-events.ts";
import { traceIdOf } from "../../helpers/trace-builder.ts";
import { CHECKOUT, checkout, frameOf, profileOf } from "./profile-fixture.ts";

/** A window of checkouts; `traces` of them with the same calls. */
function windowOf(calls: Readonly<Record<string, number>>, traces = 20) {
  const all = Array.from({ length: traces }, (_, at) => checkout(`t${at}`, calls));
  return { rootOperation: CHECKOUT, profile: profileOf(all) };
}

/** Share of pay/charge in percent of 100 ms, the rest evenly over four others. */
function paying(percent: number, traces = 20) {
  const rest = (90 - percent) / 4;
  return windowOf({ "pay/charge": percent, "a/a": rest, "b/b": rest, "c/c": rest, "d/d": rest }, traces);
}

/** What each window of a sequence brought; undefined is a window without this root operation. */
function told(detector: BottleneckDetector, sequence: readonly (ReturnType<typeof windowOf> | undefined)[]) {
  return sequence.map((window, at) =>
    detector
      .feed(BigInt(at), window === undefined ? [] : [window])
      .map(({ type, operation, previousOperation }: BottleneckEvent) =>
        [type, operation.operation, previousOperation?.operation]
          .filter((word) => word !== undefined)
          .join(" "),
      )
      .join(),
  );
}

describe("bottleneck events", () => {
  it("start when two windows in a row agree, and end when two have fallen below the lower bound", () => {
    const sequence = [
      paying(20),
      paying(60),
      paying(20),
      paying(60),
      paying(60),
      paying(45),
      paying(30),
      paying(30),
    ];
    expect(told(new BottleneckDetector(), sequence)).toEqual([
      "",
      "",
      "",
      "",
      "bottleneck_started charge",
      "",
      "",
      "bottleneck_ended charge",
    ]);
  });

  it("do not follow a share that swings between the two bounds", () => {
    const swinging = [60, 60, 48, 42, 52, 41, 49, 55].map((percent) => paying(percent));
    expect(told(new BottleneckDetector(), swinging).slice(2).join("")).toBe("");
    const below = [48, 42, 49, 45].map((percent) => paying(percent));
    expect(told(new BottleneckDetector(), below).join("")).toBe("");
  });

  it("move when another operation is ahead by the margin, once", () => {
    const lock = windowOf({ "pay/charge": 25, "stock/lock": 65 });
    expect(
      told(new BottleneckDetector(), [paying(60), paying(60), lock, paying(60), lock, lock, lock]),
    ).toEqual(["", "bottleneck_started charge", "", "", "", "bottleneck_moved lock charge", ""]);
    const close = windowOf({ "pay/charge": 45, "stock/lock": 46 }, 20);
    const detector = new BottleneckDetector({ startShare: 0.4, endShare: 0.3 });
    expect(
      told(detector, [paying(60), paying(60), close, close, close])
        .slice(2)
        .join(""),
    ).toBe("");
  });

  it("tell the share, how much of it is new, when, of how many traces, and which ones", () => {
    const detector = new BottleneckDetector();
    for (const [at, percent] of [20, 20, 60].entries()) detector.feed(BigInt(at), [paying(percent)]);
    const [event] = detector.feed(1_700_000_000_000_000_000n, [paying(60, 30)]);
    expect(event).toMatchObject({
      type: "bottleneck_started",
      rootOperation: CHECKOUT,
      timeUnixNano: 1_700_000_000_000_000_000n,
      operation: frameOf("pay/charge"),
      previousOperation: undefined,
      traceWeight: 30,
    });
    expect(event!.share).toBeCloseTo(0.6, 12);
    expect(event!.changeScore).toBeCloseTo(0.6 - (0.2 + 0.2 + 0.6) / 3, 12);
    // Of equally long ones the smallest id.
    const [first] = Array.from({ length: 30 }, (_, at) => traceIdOf(`t${at}`)).sort();
    expect(event!.exemplars.max).toEqual({ traceId: first, nanos: 60e6 });
  });

  it("are not made of windows with too few traces, which change nothing", () => {
    const sequence = [
      paying(60, 9),
      paying(60, 9),
      paying(60),
      paying(5, 9),
      paying(60),
      paying(5, 9),
      paying(5, 9),
    ];
    expect(told(new BottleneckDetector(), sequence)).toEqual([
      "",
      "",
      "",
      "",
      "bottleneck_started charge",
      "",
      "",
    ]);
  });

  it("end a bottleneck whose traces stop coming, and forget the root operation", () => {
    const detector = new BottleneckDetector({ maxSilentWindows: 3 });
    const sequence = [paying(60), paying(60), undefined, paying(60, 5), undefined, undefined];
    expect(told(detector, sequence)).toEqual([
      "",
      "bottleneck_started charge",
      "",
      "",
      "bottleneck_ended charge",
      "",
    ]);
    expect(detector.rootOperationCount).toBe(0);
  });

  it("are of each root operation by itself, up to a limit that is counted", () => {
    const detector = new BottleneckDetector({ maxRootOperations: 1, confirmWindows: 1 });
    const other = { ...paying(70), rootOperation: frameOf("shop/other") };
    expect(detector.feed(0n, [paying(60), other]).map(({ rootOperation }) => rootOperation)).toEqual([
      CHECKOUT,
    ]);
    expect(detector.ignoredWindows).toBe(1);
    const both = new BottleneckDetector({ confirmWindows: 1 });
    expect(both.feed(0n, [paying(60), other])).toHaveLength(2);
  });
});
