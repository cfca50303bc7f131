import { expect, it } from "vitest";
import type { CriticalPathJson, SpanJson, TraceJson } from "../../src/api/contract.ts";
import { dotFromLinks } from "../../src/cli/commands/dependencies.ts";
import { createLogger } from "../../src/cli/logger.ts";
import { displayWidth, fitted, padded, printable } from "../../src/cli/render/printable.ts";
import { countText, durationText } from "../../src/cli/render/quantities.ts";
import { PLAIN_STYLE } from "../../src/cli/render/style.ts";
import { renderTable } from "../../src/cli/render/table.ts";
import { renderTrace } from "../../src/cli/render/trace-view.ts";

it.each([
  [0, "0ns"],
  [0.000_5, "500ns"],
  [0.34, "340µs"],
  [1.254, "1.25ms"],
  [999.4, "999ms"],
  [999.6, "1s"],
  [2_100, "2.1s"],
  [65_000, "1m 5s"],
  [3_720_000, "1h 2m"],
])("%s ms reads %s", (millis, text) => {
  expect(durationText(millis)).toBe(text);
});

it("counts in words", () => {
  expect([countText(1, "span"), countText(0, "span"), countText(1_204, "span")]).toEqual([
    "1 span",
    "0 spans",
    "1,204 spans",
  ]);
});

it("keeps names from steering the terminal", () => {
  expect(printable("GET \u001b[2J\r\nx\u202e")).toBe("GET \ufffd[2J\ufffd\ufffdx\ufffd");
});

it("measures wide characters as two cells and marks as none", () => {
  expect([displayWidth("abc"), displayWidth("注文"), displayWidth("e\u0301")]).toEqual([3, 4, 1]);
  expect(fitted("注文処理", 5)).toBe("注文…");
  expect(padded("注文", 6)).toBe("注文  ");
  expect(padded("7", 3, "right")).toBe("  7");
});

it("sets numbers right and cuts what is too long", () => {
  const rows = [
    { name: "cart", count: 5 },
    { name: "x".repeat(80), count: 1_200 },
  ];
  const columns = [
    { title: "NAME", cell: (row: (typeof rows)[number]) => row.name },
    { title: "N", cell: (row: (typeof rows)[number]) => String(row.count), side: "right" as const },
  ];
  expect(renderTable(columns, rows, PLAIN_STYLE).split("\n")).toEqual([
    `NAME${" ".repeat(56)}     N`,
    `cart${" ".repeat(56)}     5`,
    `${"x".repeat(59)}…  1200`,
    "",
  ]);
});

it("escapes quotes and backslashes in DOT", () => {
  const link = { fromService: 'a"b', toService: "c\\d", callCount: 3, errorCount: 1, type: "rpc" as const };
  expect(dotFromLinks([link])).toContain('"a\\"b" -> "c\\\\d" [label="3 (1 failed)"];');
});

function span(spanId: string, parentSpanId: string | null, name: string, from: number, to: number): SpanJson {
  return {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: spanId.repeat(16),
    parentSpanId: parentSpanId === null ? null : parentSpanId.repeat(16),
    name,
    kind: "INTERNAL",
    serviceName: "shop",
    status: name === "charge" ? "ERROR" : "UNSET",
    startTimeUnixNano: String(from * 1_000_000),
    endTimeUnixNano: String(to * 1_000_000),
    durationMs: to - from,
    resource: { attributes: name === "charge" ? { "host.name": "b" } : { "host.name": "a" } },
  } as unknown as SpanJson;
}

function traceOf(spans: readonly SpanJson[]): TraceJson {
  return {
    traceId: "5b8efff798038103d269b633813fc60c",
    rootService: "shop",
    rootOperation: "checkout",
    startTime: "1970-01-01T00:00:00.000000000Z",
    startTimeUnixNano: "0",
    durationMs: 100,
    durationNanos: "100000000",
    spanCount: spans.length,
    errorCount: 1,
    serviceCount: 1,
    spans,
  } as unknown as TraceJson;
}

const PATH = {
  segments: [
    { spanId: "a".repeat(16), startTimeUnixNano: "0", endTimeUnixNano: "50000000" },
    { spanId: "c".repeat(16), startTimeUnixNano: "50000000", endTimeUnixNano: "100000000" },
  ],
} as unknown as CriticalPathJson;

it("draws tree, durations, bars, errors and the critical path", () => {
  const spans = [
    span("a", null, "checkout", 0, 100),
    span("b", "a", "cart", 10, 30),
    span("d", "b", "redis", 15, 25),
    span("c", "a", "charge", 50, 100),
    span("e", "f", "lost", 90, 100),
  ];
  const text = renderTrace(traceOf(spans), PATH, {
    columns: 76,
    style: PLAIN_STYLE,
    maxSpans: 10,
    clock: "corrected",
  });
  expect(text.split("\n")).toEqual([
    "shop: checkout",
    "5b8efff798038103d269b633813fc60c  5 spans, 1 service, 1 error, 100ms, 1970-01-01 00:00:00.000",
    "",
    `*     shop: checkout                 100ms ${"█".repeat(17)}${"░".repeat(16)}`,
    `      ├ shop: cart                    20ms ${" ".repeat(3)}${"░".repeat(7)}`,
    `      │ └ shop: redis                 10ms ${" ".repeat(4)}${"░".repeat(4)}`,
    `* ERR └ shop: charge                  50ms ${" ".repeat(16)}${"█".repeat(17)}`,
    `      shop: lost (parent missing)     10ms ${" ".repeat(29)}${"░".repeat(4)}`,
    "",
    "* on the critical path (█)",
    "",
  ]);
});

it("draws a trace of 20,000 spans in one chain without running out of stack", () => {
  const chain = Array.from({ length: 20_000 }, (_, index) => {
    const id = (depth: number): string => depth.toString(16).padStart(16, "0");
    const one = span("a", null, `step ${index}`, index, 40_000);
    return { ...one, spanId: id(index + 1), parentSpanId: index === 0 ? null : id(index) };
  });
  const text = renderTrace(traceOf(chain), undefined, {
    columns: 80,
    style: PLAIN_STYLE,
    maxSpans: 30,
    clock: "corrected",
  });
  expect(text).toContain("... 19,970 more spans");
});

it("logs one event a line, as text and as JSON, from the level on", () => {
  const lines: string[] = [];
  const options = { write: (line: string) => lines.push(line), clock: { nowMillis: () => 0 } };
  const text = createLogger({ ...options, level: "warn", format: "text" });
  text.info("not written");
  text.warn("disk is slow", { millis: 12, file: "a b", reason: undefined, quote: 'x"y' });
  createLogger({ ...options, level: "info", format: "json" }).error("failed", { code: "internal" });
  expect(lines).toEqual([
    '1970-01-01T00:00:00.000Z WARN  disk is slow millis=12 file="a b" quote="x\\"y"\n',
    '{"time":"1970-01-01T00:00:00.000Z","level":"error","message":"failed","code":"internal"}\n',
  ]);
});
