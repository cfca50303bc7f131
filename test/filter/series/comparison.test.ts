import { describe, expect, it } from "vitest";
import { atOnce } from "../../../src/base/time-slice.ts";
import { ComparisonSums } from "../../../src/filter/series/comparison-sums.ts";
import { shownSeries, showSeries, THREE_TENS } from "../../helpers/series-run.ts";
import { SHOP } from "../../helpers/shop-series.ts";
import { BUILDER_START_UNIX_NANO } from "../../helpers/trace-builder.ts";

/** The series about one attribute. */
function about(attribute: string, q: string): Record<string, (number | null)[]> {
  const all = Object.entries(showSeries(q, SHOP));
  return Object.fromEntries(all.filter(([labels]) => labels.includes(` ${attribute}=`)));
}

describe("compare", () => {
  it("counts each value of an attribute in the selection and in the rest, and both in all", () => {
    expect(about("resource.service.name", "{ } | compare({ status = error })")).toEqual({
      '__meta_type="baseline" resource.service.name="gateway"': [1, 1, 1],
      '__meta_type="baseline_total" resource.service.name=nil': [1, 1, 1],
      '__meta_type="selection" resource.service.name="payment"': [0, 1, 0],
      '__meta_type="selection_total" resource.service.name=nil': [0, 1, 0],
    });
  });

  it("counts in the totals only spans that have the attribute", () => {
    expect(about("span.size", "{ } | compare({ duration > 3ms })")).toEqual({
      '__meta_type="baseline" span.size=3': [0, 1, 0],
      '__meta_type="baseline_total" span.size=nil': [0, 1, 0],
      '__meta_type="selection" span.size=5': [0, 0, 1],
      '__meta_type="selection_total" span.size=nil': [0, 0, 1],
    });
  });

  it("looks at attributes of span and resource, and at what spans share of the intrinsics", () => {
    const names = Object.keys(showSeries("{ } | compare({ status = error })", SHOP)).map(
      (labels) => / ([^ ]+)=/.exec(labels)?.[1],
    );
    expect(new Set(names)).toEqual(
      new Set([
        ...["resource.service.name", "span.code", "span.size", "span.ratio"],
        ...["name", "kind", "status", "rootName", "rootServiceName"],
      ]),
    );
  });

  it("gives the values that occur most, as many as asked for", () => {
    expect(about("name", "{ } | compare({ duration > 1h }, 1)")).toEqual({
      '__meta_type="baseline" name="GET /"': [0, 1, 1],
      '__meta_type="baseline_total" name=nil': [1, 2, 1],
    });
  });

  it("selects only in the range that it is given, end exclusive", () => {
    const at = (millis: number): bigint => BUILDER_START_UNIX_NANO + BigInt(millis) * 1_000_000n;
    const q = (from: number, to: number) => `{ } | compare({ true }, 10, ${at(from)}, ${at(to)})`;
    expect(about("status", q(0, 1_001))).toEqual({
      '__meta_type="baseline" status=error': [0, 1, 0],
      '__meta_type="baseline" status=unset': [0, 0, 1],
      '__meta_type="baseline_total" status=nil': [0, 1, 1],
      '__meta_type="selection" status=unset': [1, 1, 0],
      '__meta_type="selection_total" status=nil': [1, 1, 0],
    });
  });

  it("takes what the pipeline gives, and no other spans", () => {
    expect(about("status", "{ kind = server } | compare({ status = error })")).toEqual({
      '__meta_type="baseline" status=unset': [0, 1, 1],
      '__meta_type="baseline_total" status=nil': [0, 1, 1],
    });
  });

  it("marks an attribute of too many values, of which none is given then", () => {
    const held = { add: () => {} };
    const sums = new ComparisonSums({ grid: THREE_TENS, topN: 10, maxValues: 2, held });
    for (const value of ["a", "b", "c", "a"]) sums.add("baseline", 1, { name: "span.id", value });
    for (const value of ["a", "b"]) sums.add("selection", 0, { name: "span.id", value });
    expect(shownSeries(atOnce(sums.series()))).toEqual({
      '__meta_type="baseline" __meta_error="__too_many_values__" span.id=nil': [0, 0, 0],
      '__meta_type="baseline_total" span.id=nil': [0, 4, 0],
      '__meta_type="selection" span.id="a"': [1, 0, 0],
      '__meta_type="selection" span.id="b"': [1, 0, 0],
      '__meta_type="selection_total" span.id=nil': [2, 0, 0],
    });
  });

  it("gives back the memory of values that it does not keep", () => {
    let bytes = 0;
    const held = {
      add: (more: number) => {
        bytes += more;
      },
    };
    const sums = new ComparisonSums({ grid: THREE_TENS, topN: 10, maxValues: 100, held });
    for (let value = 0n; value < 100n; value++) sums.add("baseline", 0, { name: "span.id", value });
    const full = bytes;
    sums.add("baseline", 0, { name: "span.id", value: 100n });
    expect(bytes).toBeLessThan(full / 10);
  });
});
