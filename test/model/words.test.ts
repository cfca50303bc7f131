import { expect, test } from "vitest";
import { numberFromSpanKind, SpanKind, spanKindFromNumber } from "../../src/model/span-kind.ts";
import { numberFromSpanStatus, SpanStatus, spanStatusFromNumber } from "../../src/model/span-status.ts";

test("kinds are their own words and have OTLP's numbers", () => {
  expect(Object.entries(SpanKind).map(([key, word]) => [key, word, numberFromSpanKind(word)])).toEqual([
    ["UNSPECIFIED", "UNSPECIFIED", 0],
    ["INTERNAL", "INTERNAL", 1],
    ["SERVER", "SERVER", 2],
    ["CLIENT", "CLIENT", 3],
    ["PRODUCER", "PRODUCER", 4],
    ["CONSUMER", "CONSUMER", 5],
  ]);
  expect(spanKindFromNumber(3)).toBe("CLIENT");
  expect(spanKindFromNumber(99)).toBe("UNSPECIFIED");
  expect(Object.isFrozen(SpanKind)).toBe(true);
});

test("statuses are their own words and have OTLP's numbers", () => {
  expect(Object.entries(SpanStatus).map(([key, word]) => [key, word, numberFromSpanStatus(word)])).toEqual([
    ["UNSET", "UNSET", 0],
    ["OK", "OK", 1],
    ["ERROR", "ERROR", 2],
  ]);
  expect(spanStatusFromNumber(2)).toBe("ERROR");
  expect(spanStatusFromNumber(7)).toBe("UNSET");
  expect(Object.isFrozen(SpanStatus)).toBe(true);
});
