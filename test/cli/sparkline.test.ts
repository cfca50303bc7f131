import { describe, expect, it } from "vitest";
import { sparkline } from "../../src/cli/render/sparkline.ts";

describe("a sparkline", () => {
  it("has bars from 0 to the greatest value, and blanks where there is none", () => {
    expect(sparkline([0, 3, 4, 8, undefined, 16], 6)).toBe("▁▂▂▄ █");
  });

  it("has no more characters than it is given, each of the value furthest from 0", () => {
    expect(sparkline([1, 8, 1, 1, undefined, -4], 3)).toBe("█▁▄");
    expect(sparkline([1, 2], 10)).toBe("▄█");
  });

  it("lies low where all is 0, and is blank where there is nothing", () => {
    expect(sparkline([0, 0], 5)).toBe("▁▁");
    expect(sparkline([undefined, Number.POSITIVE_INFINITY], 5)).toBe("  ");
  });
});
