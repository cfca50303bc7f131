import { describe, expect, it } from "vitest";
import { retryDelayMillis } from "../../src/export/retry-delay.ts";

const delayOf = (failures: number, random = 0.5, askedMillis?: number) =>
  retryDelayMillis({ failures, random, askedMillis });

describe("the delay before a try", () => {
  it("is half as long again each time, up to half a minute", () => {
    expect([1, 2, 3, 9, 10, 1_000].map((failures) => delayOf(failures))).toEqual([
      1_000, 1_500, 2_250, 25_628.90625, 30_000, 30_000,
    ]);
  });

  it("is by up to half shorter or longer", () => {
    expect([delayOf(1, 0), delayOf(1, 0.75), delayOf(10, 0)]).toEqual([500, 1_250, 15_000]);
  });

  it("is what the destination asks for, up to ten minutes", () => {
    expect([delayOf(1, 0, 7_000), delayOf(5, 0, 86_400_000), delayOf(1, 0.5, 0)]).toEqual([
      7_000, 600_000, 1_000,
    ]);
  });
});
