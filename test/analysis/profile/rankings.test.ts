import { describe, expect, it } from "vitest";
import { CallPathProfile } from "../../../src/analysis/profile/call-path-profile.ts";
import type { RankBy } from "../../../src/analysis/profile/rankings.ts";
import { rankOperations } from "../../../src/analysis/profile/rankings.ts";
import { buildTrace, traceIdOf } from "../../helpers/trace-builder.ts";
import { checkout, profileOf } from "./profile-fixture.ts";

/** The gateway is slow and alone; three loaders run beside a longer gateway call; one nap is long and rare. */
function mixed(name: string, gateway: number, naps: boolean) {
  const loaders = [1, 2, 3].map((number) => ({
    id: `load${number}`,
    parent: "root",
    service: "shop",
    name: "load",
    at: [0, 40] as const,
  }));
  const nap = { id: "nap", parent: "root", service: "shop", name: "nap", at: [0, 46] as const };
  return buildTrace(
    name,
    { id: "root", service: "shop", name: "checkout", at: [0, 60] },
    { id: "call", parent: "root", service: "pay", name: "gateway", kind: "CLIENT", at: [0, gateway] },
    ...loaders,
    ...(naps ? [nap] : []),
  );
}

function names(by: RankBy, profile: CallPathProfile): string[] {
  return rankOperations(profile, by).map(({ frame }) => frame.operation);
}

describe("ranking operations", () => {
  const profile = profileOf([
    mixed("a", 52, false),
    mixed("b", 51, false),
    mixed("c", 53, true),
    mixed("d", 50, false),
  ]);

  it("by critical share names what the answer waited for, and by how much", () => {
    expect(names("critical", profile)).toEqual(["gateway", "checkout", "load", "nap"]);
    const [gateway, own, load] = rankOperations(profile, "critical");
    expect(gateway).toMatchObject({
      criticalShare: 206 / 240,
      criticalNanos: 206e6,
      spanCount: 4,
      totalNanos: 206e6,
    });
    expect(own).toMatchObject({ criticalShare: 34 / 240, totalNanos: 240e6 });
    expect(load).toMatchObject({ criticalShare: 0, criticalNanos: 0, spanCount: 12, totalNanos: 480e6 });
    expect(gateway?.exemplars.max).toEqual({ traceId: traceIdOf("c"), nanos: 53e6 });
  });

  it("by total time counts parallel work as often as it is done", () => {
    expect(names("total", profile)).toEqual(["load", "checkout", "gateway", "nap"]);
  });

  it("by the 95th percentile of durations knows nothing of how often", () => {
    expect(names("p95", profile)).toEqual(["checkout", "gateway", "nap", "load"]);
    const nap = rankOperations(profile, "p95").find(({ frame }) => frame.operation === "nap");
    expect(nap!.p95Nanos / 46e6).toBeGreaterThan(0.989);
    expect(nap!.p95Nanos / 46e6).toBeLessThan(1.011);
  });

  it("adds an operation up over all call paths it is reached by", () => {
    const viaCache = buildTrace(
      "cache",
      { id: "root", service: "shop", name: "checkout", at: [0, 100] },
      { id: "cache", parent: "root", service: "shop", name: "cache", at: [0, 50] },
      { id: "query", parent: "cache", service: "db", name: "query", at: [0, 40] },
      { id: "other", parent: "root", service: "db", name: "query", at: [60, 90] },
    );
    const [query] = rankOperations(profileOf([viaCache]), "critical");
    expect(query).toMatchObject({ frame: { operation: "query" }, criticalNanos: 70e6, spanCount: 2 });
  });

  it("sums critical shares to 1 and is empty for an empty profile", () => {
    const traces = [
      checkout("x", { "pay/charge": 30, "stock/reserve": 50 }),
      checkout("y", { "mail/send": 5 }),
    ];
    const shares = rankOperations(profileOf(traces), "critical").map(({ criticalShare }) => criticalShare);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(rankOperations(new CallPathProfile(), "critical")).toEqual([]);
  });
});
