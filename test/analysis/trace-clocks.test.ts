import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { clockSkew, correctClockSkew } from "../../src/analysis/clock-skew.ts";
import type { CriticalPath } from "../../src/analysis/critical-path.ts";
import { criticalPath } from "../../src/analysis/critical-path.ts";
import { traceFindings } from "../../src/analysis/findings/trace-findings.ts";
import { networkGaps } from "../../src/analysis/network-gap.ts";
import { CallPathProfile } from "../../src/analysis/profile/call-path-profile.ts";
import { columnsOfSpans } from "../../src/analysis/profile/columns-of-spans.ts";
import { profileToBytes } from "../../src/analysis/profile/profile-bytes.ts";
import { spanSlacks } from "../../src/analysis/what-if/span-slack.ts";
import { whatIf } from "../../src/analysis/what-if/what-if.ts";
import type { Trace } from "../../src/model/trace.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { anyTraceDrafts, traceFromDrafts, treeDrafts } from "../helpers/trace-arbitrary.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

const RAW = { clock: "raw" } as const;
const TARGET = { service: "service-1", percent: 40 };

/** The trace with the clocks of its hosts set by `correctClockSkew`. */
function corrected(trace: Trace): Trace {
  return traceFromSpans(correctClockSkew(trace.spans, clockSkew(trace)).map(({ span }) => span));
}

/** A path with ids in place of spans. */
function plain({ segments, byOperation, durationNanos }: CriticalPath): unknown {
  return { durationNanos, byOperation, segments: segments.map(({ span, ...rest }) => [span?.spanId, rest]) };
}

function profileBytes(trace: Trace, hasHosts: boolean): Uint8Array {
  const profile = new CallPathProfile();
  const { hosts, ...columns } = columnsOfSpans(trace, profile.frames);
  profile.add(hasHosts ? { ...columns, hosts } : columns);
  return profileToBytes(profile);
}

/** A call of 100 ms whose server, of 60 ms, runs on a host whose clock is a second ahead. */
const SKEWED = buildTrace(
  "skewed",
  {
    id: "call",
    service: "shop",
    name: "charge",
    kind: "CLIENT",
    at: [0, 100],
    resourceAttributes: { "host.name": "a" },
  },
  {
    id: "charge",
    parent: "call",
    service: "pay",
    name: "Charge",
    kind: "SERVER",
    at: [1_000, 1_060],
    resourceAttributes: { "host.name": "b" },
  },
);

describe("times of several hosts", () => {
  it("are read by clocks that are set, and the answer says which", () => {
    const path = criticalPath(SKEWED);
    const told = path.segments.map(({ span, durationNanos }) => [span?.name, Number(durationNanos) / 1e6]);
    // The server's 60 ms must lie in the client's 100: the least that its clock goes back by is 960 ms.
    expect(told).toEqual([
      ["charge", 40],
      ["Charge", 60],
    ]);
    expect(path.clocks).toMatchObject([{ host: "host.name=b", offsetNanos: -960_000_000n }]);
    expect(path.segments[1]?.startTimeUnixNano).toBe(path.startTimeUnixNano + 40_000_000n);
    // The span is as it was sent.
    expect(path.segments[1]?.span).toBe(SKEWED.spans[1]);
  });

  it("are read as they were sent when raw ones are asked for", () => {
    const path = criticalPath(SKEWED, RAW);
    expect(path.segments.map(({ span }) => span?.name)).toEqual(["charge"]);
    expect(path.clocks).toEqual([]);
    expect(spanSlacks(SKEWED, RAW).at(-1)?.criticalSelfNanos).toBe(0n);
    expect(spanSlacks(SKEWED).at(-1)?.criticalSelfNanos).toBe(60_000_000n);
    const target = { service: "pay", percent: 50 };
    expect([whatIf(SKEWED, target).savingNanos, whatIf(SKEWED, target, RAW).savingNanos]).toEqual([
      30_000_000n,
      0n,
    ]);
    expect(whatIf(SKEWED, target).clocks).toHaveLength(1);
    const gap = (options?: typeof RAW) =>
      traceFindings(SKEWED, options).findings.find(({ type }) => type === "untraced_gap")?.costNanos;
    expect([gap(), gap(RAW)]).toEqual([40_000_000n, 100_000_000n]);
    expect(traceFindings(SKEWED).clocks).toHaveLength(1);
  });

  test("every analysis is that of the spans with their clocks set", () => {
    fc.assert(
      fc.property(anyTraceDrafts, (drafts) => {
        const trace = traceFromDrafts(drafts);
        const set = corrected(trace);
        expect(plain(criticalPath(trace))).toEqual(plain(criticalPath(set, RAW)));
        const answer = whatIf(trace, TARGET);
        expect(answer.newDurationNanos).toBe(whatIf(set, TARGET, RAW).newDurationNanos);
        expect(traceFindings(trace).findings.map(({ summary }) => summary)).toEqual(
          traceFindings(set, RAW).findings.map(({ summary }) => summary),
        );
        expect(profileBytes(trace, true)).toEqual(profileBytes(set, false));
        expect(plain(criticalPath(set))).toEqual(plain(criticalPath(set, RAW)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("what durations tell is the same with and without, and so is the root", () => {
    fc.assert(
      fc.property(treeDrafts, (drafts) => {
        const trace = traceFromDrafts(drafts);
        const gaps = (of: Trace) =>
          new Map(networkGaps(of).map(({ client, ...gap }) => [client.spanId, gap]));
        expect(gaps(corrected(trace))).toEqual(gaps(trace));
        const [set, raw] = [criticalPath(trace), criticalPath(trace, RAW)];
        expect([set.startTimeUnixNano, set.durationNanos]).toEqual([
          raw.startTimeUnixNano,
          raw.durationNanos,
        ]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a trace of one host is read as it was sent", () => {
    fc.assert(
      fc.property(anyTraceDrafts, (drafts) => {
        const trace = traceFromDrafts(drafts.map((draft) => ({ ...draft, place: 1 })));
        const path = criticalPath(trace);
        expect(path.clocks).toEqual([]);
        expect(plain(path)).toEqual(plain(criticalPath(trace, RAW)));
        expect(profileBytes(trace, true)).toEqual(profileBytes(trace, false));
      }),
    );
  });
});
