import { describe, expect, it } from "vitest";
import { nameOf } from "../../src/batch/row-names.ts";
import { spanFilterOf } from "../../src/export/span-filter.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const batch = batchOf([
  buildSpan("t", { id: "root", service: "shop", kind: "SERVER", at: [0, 100] }),
  buildSpan("t", { id: "pay", service: "bank", at: [1, 5], status: "ERROR", attributes: { amount: 12n } }),
  buildSpan("t", { id: "slow", service: "bank", at: [1, 90], attributes: { amount: 0n } }),
]);

const kept = (filter: string) =>
  Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }))
    .filter(spanFilterOf(filter))
    .map(nameOf);

describe("the filter of an exporter", () => {
  it.each([
    ["{}", ["root", "pay", "slow"]],
    ['{ resource.service.name = "bank" }', ["pay", "slow"]],
    ["{ status = error }", ["pay"]],
    ["{ kind = server || duration > 50ms }", ["root", "slow"]],
    ["{ span.amount > 10 && status = error }", ["pay"]],
    ["{ 24 / span.amount > 1 }", ["pay"]],
  ])("%s keeps the spans that match by themselves", (filter, expected) => {
    expect(kept(filter)).toEqual(expected);
  });

  it.each(["{ trace:duration > 1s }", "{ span:childCount > 2 }", "{ span:selfTime > 1s || status = error }"])(
    "%s is refused: the trace may not be there yet",
    (filter) => {
      expect(() => spanFilterOf(filter)).toThrow("before their trace is complete");
    },
  );

  it.each(["{ status = error } | count() > 2", "{ true } >> { true }", "{ true } | rate()"])(
    "%s is refused: it is more than one spanset filter",
    (filter) => {
      expect(() => spanFilterOf(filter)).toThrow("expected one spanset filter");
    },
  );

  it("tells where a filter is wrong", () => {
    expect(() => spanFilterOf("{ status == error }")).toThrow("line 1, column 10");
  });
});
