import { describe, expect, it } from "vitest";
import type { BenchResults, Conditions } from "../../bench/bench-results.ts";
import type { QueryTimes } from "../../bench/queries/query-run.ts";
import { GOALS, verdict } from "../../bench/report/goals.ts";
import { performancePage } from "../../bench/report/performance-page.ts";
import { quoteLines, withQuote } from "../../bench/report/quote.ts";
import { goalTable, ingestTable, queryTable, sections } from "../../bench/report/sections.ts";
import { markdownTable, numberText } from "../../bench/report/table.ts";
import type { IngestFigures } from "../../bench/scenarios/ingest-figures.ts";
import { medianFigures } from "../../bench/scenarios/ingest-figures.ts";
import { COLLECTOR_NAME } from "../../bench/targets/collector-target.ts";

const conditions: Conditions = {
  version: "0.0.0",
  machine: "2 x Test",
  loadAverage: 0.01,
  pinning: "server pinned to core 0",
  corpus: "generated",
  spans: 1_000_000,
  concurrency: 8,
  rounds: 3,
  command: "npm run bench -- --report docs/performance.md",
  environment: [],
  collector: "v1.2.3",
};

const figures: IngestFigures = {
  variant: "http merged identity",
  target: "TracAgg",
  spans: 1_000_000,
  requests: 2_000,
  failedRequests: 0,
  firstFailure: "",
  retries: 0,
  ackedSpansPerSecond: 180_000,
  sealedSpansPerSecond: 150_000,
  ackedCpuMicrosPerSpan: 4,
  sealedCpuMicrosPerSpan: 6,
  peakRssBytes: 400e6,
  diskBytesPerSpan: 39.6,
  latencyMillis: { p50: 1, p95: 2, p99: 3, p999: 4, max: 5 },
  generatorCpuShare: 0.25,
};

const collector: IngestFigures = {
  ...figures,
  target: COLLECTOR_NAME,
  sealedCpuMicrosPerSpan: 4,
  diskBytesPerSpan: undefined,
};

const times = (name: string, p95Millis: number): QueryTimes => ({
  name,
  runs: 20,
  failures: 0,
  p50Millis: 1,
  p95Millis,
});

const results: BenchResults = {
  conditions,
  ingest: [collector, figures],
  stored: { spans: 1_000_000, queries: [times("trace by id", 4), times("services list", 1)] },
  tenfold: { spans: 10_000_000, queries: [times("trace by id", 6), times("services list", 1.1)] },
};

const nothing: BenchResults = { conditions, ingest: [], stored: undefined, tenfold: undefined };

describe("a table", () => {
  it("has a dash for what is missing and keeps a bar from ending a cell", () => {
    expect(markdownTable(["a", "b"], [["x|y", undefined]])).toEqual([
      "| a | b |",
      "|---|---|",
      "| x\\|y | - |",
    ]);
  });

  it("has numbers with thousands apart", () => {
    expect([numberText(1_234.56), numberText(1.005, 1), numberText(undefined)]).toEqual([
      "1,235",
      "1.0",
      undefined,
    ]);
  });
});

describe("the goals", () => {
  const row = (start: string) => goalTable(results).find((line) => line.startsWith(`| ${start}`));

  it("stand beside what was measured and the ratio to the Collector", () => {
    expect(row("server CPU, us a span, HTTP, 500")).toContain("| 7 | 5 | 6.0 | reached | 1.50 |");
    expect(row("the same at the last")).toContain("|  |  | 4.0 |  | 1.00 |");
    expect(row("the same over the Collector")).toContain("| 2 | 1.2 | 1.50 | reached |");
    expect(row("spans/s on one core, until sealed")).toContain("| 130,000 | 200,000 | 150,000 | reached |");
    expect(row("disk")).toContain("| 45 | 40 | 39.6 | beyond |");
    expect(row("peak RSS")).toContain("| 500 | 300 | 400 | reached |");
  });

  it("compare the query that grows most with ten times the spans", () => {
    expect(row("ten times the spans")).toContain("| 2 |  | 1.50 | reached |");
  });

  it("say what was not measured", () => {
    const measured = goalTable(nothing).slice(2);
    expect(measured).toHaveLength(GOALS.length);
    expect(measured.filter((line) => !line.includes("not measured"))).toEqual([]);
  });

  it("are missed from the wrong side only", () => {
    const low = { what: "", digits: 0, reach: 10, beyond: 5, value: () => undefined };
    const high = { ...low, reach: 5, beyond: 10, isHigherBetter: true };
    expect([4, 5, 7, 10, 11].map((value) => verdict(low, value))).toEqual([
      "beyond",
      "beyond",
      "reached",
      "reached",
      "missed",
    ]);
    expect([4, 5, 7, 10, 11].map((value) => verdict(high, value))).toEqual([
      "missed",
      "reached",
      "reached",
      "beyond",
      "beyond",
    ]);
    expect([verdict(low, undefined), verdict({ what: "", digits: 0, value: () => 1 }, 1)]).toEqual(["", ""]);
  });
});

describe("the tables of a run", () => {
  it("have a row for each backend", () => {
    const rows = ingestTable(results).slice(2);
    expect(rows[0]).toContain(
      "| http merged identity | Collector to nowhere | 150,000 | 180,000 | 4.00 | 4.00 | 1.00 |",
    );
    expect(rows[1]).toContain(
      "| TracAgg | 150,000 | 180,000 | 6.00 | 4.00 | 1.50 | 400 | 39.6 | 1.0 | 2.0 | 3.0 | 4.0 |",
    );
  });

  it("put ten times the spans beside the queries", () => {
    const rows = queryTable(results.stored?.queries ?? [], results.tenfold?.queries);
    expect(rows[2]).toBe("| trace by id | 20 | 0 | 1.0 | 4.0 | 20 | 1.0 | 6.0 | 1.50 |");
  });

  it("are only those with figures", () => {
    expect(sections(nothing)).toEqual([]);
    expect(sections(results).map(({ title }) => title)).toEqual([
      "Ingest at full speed",
      "Queries over 1,000,000 spans",
    ]);
  });
});

describe("medians of rounds", () => {
  it("take each figure by itself, and the most of failures and refusals", () => {
    const rows = [
      { ...figures, sealedCpuMicrosPerSpan: 6, retries: 0 },
      { ...figures, sealedCpuMicrosPerSpan: 9, retries: 7 },
      { ...figures, sealedCpuMicrosPerSpan: 7, failedRequests: 2, firstFailure: "HTTP 400" },
    ];
    expect(medianFigures(rows)).toEqual({
      ...figures,
      sealedCpuMicrosPerSpan: 7,
      retries: 7,
      failedRequests: 2,
      firstFailure: "HTTP 400",
    });
  });

  it("leave out what was never read", () => {
    expect(medianFigures([collector, collector]).diskBytesPerSpan).toBeUndefined();
  });
});

describe("the page", () => {
  const page = performancePage(results);

  it("starts with the command that writes it and what it was measured on", () => {
    expect(page).toMatch(/^# Performance\n/);
    expect(page).toContain("```sh\nnpm run bench -- --report docs/performance.md\n```");
    expect(page).toContain("- Machine: 2 x Test; load average before the run 0.01");
    expect(page).toContain("medians of 3 rounds");
    expect(page).toContain("OpenTelemetry Collector v1.2.3");
  });

  it("says of a short run that it is one", () => {
    const short = performancePage({ ...results, conditions: { ...conditions, spans: 200_000 } });
    expect(short).toContain("- A short run: start-up weighs more");
    expect(page).not.toContain("A short run");
  });

  it("has what analyses cost, under titles of their own", () => {
    const withAnalyses = performancePage(results, [{ title: "Statistics", text: "- Corpus: small\n" }]);
    expect(withAnalyses).toContain("## Statistics\n\n- Corpus: small\n\n## Others");
  });

  it("keeps figures of other machines apart and says so", () => {
    expect(page).toContain("## Others, measured earlier on another machine");
  });
});

describe("the quote in another page", () => {
  const START = "<!-- bench: written by npm run bench, see docs/performance.md -->";
  const page = `# A\n\n${START}\n\nold\n\n<!-- /bench -->\n\nrest\n`;

  it("takes the place of the one before and of nothing else", () => {
    const once = withQuote(page, ["new", "lines"]);
    expect(once).toBe(`# A\n\n${START}\n\nnew\nlines\n\n<!-- /bench -->\n\nrest\n`);
    expect(withQuote(once, ["new", "lines"])).toBe(once);
  });

  it("needs its marks", () => {
    expect(() => withQuote("# A\n", [])).toThrow("--quote: expected the lines");
  });

  it("has the main figures and the conditions", () => {
    const lines = quoteLines(results).join("\n");
    expect(lines).toContain("- Machine: 2 x Test");
    expect(lines).toContain("| disk, bytes a span | 39.6 |");
    expect(lines).not.toContain("services list");
  });
});
