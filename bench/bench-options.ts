/** What the command line of the bench asks for. */

import { parseArgs } from "node:util";
import { TracAggError } from "../src/base/errors.ts";
import { INGEST_VARIANTS } from "./scenarios/ingest-variants.ts";
import type { ExternalTargetOptions } from "./targets/external-target.ts";

/** What follows the ingest runs, in this order. */
export const STORED_SCENARIOS = ["restart", "queries", "steady", "querying", "history"] as const;

/** One of them. */
export type StoredScenario = (typeof STORED_SCENARIOS)[number];

/** Everything a run depends on. */
export interface BenchOptions {
  readonly spans: number;
  readonly corpusFolder: string | undefined;
  readonly concurrency: number;
  /** 0: as fast as answers come. */
  readonly spansPerSecond: number;
  readonly rounds: number;
  /** Names of the ingest variants to run. */
  readonly variants: ReadonlySet<string>;
  readonly scenarios: ReadonlySet<StoredScenario>;
  readonly hasCollector: boolean;
  readonly against: ExternalTargetOptions | undefined;
  readonly isPinned: boolean;
  readonly steadySeconds: number;
  readonly queryingSeconds: number;
  readonly reportFile: string | undefined;
  readonly quoteFile: string | undefined;
  readonly jsonFile: string | undefined;
  /** Prints what was tried for the log and the segments, and nothing else. */
  readonly isExperiments: boolean;
  /** Only statistics as spans arrive. */
  readonly isStatistics: boolean;
  /** Prints what comparing 10,000 traces takes, and nothing else. */
  readonly isComparison: boolean;
  /** Only Zipkin's JSON in and Jaeger's JSON out. */
  readonly isFormats: boolean;
  readonly isHelp: boolean;
}

/** How the bench is used. */
export const BENCH_HELP: string = `Usage: npm run bench -- [options]

Starts servers of its own on empty folders under the temporary folder, sends spans, measures.

  --spans N        spans sent in each ingest run and stored for the queries (default 1000000)
  --corpus DIR     replay recorded OTLP requests (*.bin) in place of the generated corpus
  --concurrency N  requests in flight (default 8)
  --rate N         spans a second in place of full speed, and in place of half the sustained rate
  --rounds N       ingest runs of each kind, alternating; medians are printed (default 1)
  --only TEXTS     only what has one of these comma-separated texts in its name; names are
                   ${INGEST_VARIANTS.map(({ name }) => name).join(", ")},
                   ${STORED_SCENARIOS.join(", ")}; gzip and history run only when named
  --history        queries once more with ten times the spans stored, and the ratio
  --peer collector the same ingest runs on an OpenTelemetry Collector that keeps nothing (needs Go, builds it once);
                   --peer none leaves it out
  --against URL    the same ingest runs on a backend that runs already: http://host:port[/path] or grpc://host:port;
                   give it twice for both
  --pid PID        process of that backend, for CPU and memory
  --data DIR       data folder of that backend, for the disk use
  --settle SECONDS longest wait for that backend to become idle after the last acknowledgement (default 30)
  --no-pin         leave server and load generator on all cores
  --quick          200,000 spans, short times: to try things, not to publish
  --report FILE    write the page of figures, by default with --history, --peer collector and --rounds 3
  --quote FILE     put the main figures between the marks of a file
  --json FILE      write all figures as JSON
  --statistics     only what statistics cost as spans arrive, and what asking them takes
  --experiments    only what docs/decisions quotes: ways to write the log and segments, beside each other, and critical paths
  --comparison     only what comparing a set of 10,000 traces with another takes
  --formats        only what Zipkin's JSON costs on the way in, and Jaeger's JSON of a large trace on the way out
`;

const QUICK_SPANS = 200_000;
const FULL_SPANS = 1_000_000;

/** @throws TracAggError invalid_argument that names the flag and what it takes */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const values = rawValues(args);
  const isQuick = values.quick ?? false;
  const isReport = values.report !== undefined;
  const wants = wanted(values.only, values.history ?? (isReport && !isQuick));
  return {
    spans: wholeNumber("--spans", values.spans, isQuick ? QUICK_SPANS : FULL_SPANS),
    corpusFolder: values.corpus,
    concurrency: wholeNumber("--concurrency", values.concurrency, 8),
    spansPerSecond: wholeNumber("--rate", values.rate, 0),
    rounds: wholeNumber("--rounds", values.rounds, isReport && !isQuick ? 3 : 1),
    variants: new Set(INGEST_VARIANTS.map(({ name }) => name).filter(wants)),
    scenarios: new Set(STORED_SCENARIOS.filter(wants)),
    hasCollector: hasCollector(values.peer, isReport),
    against: externalOptions(values),
    isPinned: values.pin ?? true,
    steadySeconds: isQuick ? 5 : 30,
    queryingSeconds: isQuick ? 10 : 60,
    reportFile: values.report,
    quoteFile: values.quote,
    jsonFile: values.json,
    isExperiments: values.experiments ?? false,
    isStatistics: values.statistics ?? false,
    isComparison: values.comparison ?? false,
    isFormats: values.formats ?? false,
    isHelp: values.help ?? false,
  };
}

const OPTIONS = {
  spans: { type: "string" },
  corpus: { type: "string" },
  concurrency: { type: "string" },
  rate: { type: "string" },
  rounds: { type: "string" },
  only: { type: "string" },
  history: { type: "boolean" },
  peer: { type: "string" },
  against: { type: "string", multiple: true },
  pid: { type: "string" },
  data: { type: "string" },
  settle: { type: "string" },
  pin: { type: "boolean" },
  quick: { type: "boolean" },
  report: { type: "string" },
  quote: { type: "string" },
  json: { type: "string" },
  experiments: { type: "boolean" },
  statistics: { type: "boolean" },
  comparison: { type: "boolean" },
  formats: { type: "boolean" },
  help: { type: "boolean" },
} as const;

type RawValues = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function rawValues(args: readonly string[]): RawValues {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowNegative: true, strict: true }).values;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TracAggError("invalid_argument", `${reason}; --help lists the options`, { cause });
  }
}

function wholeNumber(flag: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (/^\d+$/.test(text) && value > 0 && Number.isSafeInteger(value)) return value;
  throw new TracAggError("invalid_argument", `${flag}: expected a whole number above 0, got "${text}"`);
}

/** Whether a name is asked for: by `only`, or without it by default. */
function wanted(only: string | undefined, isHistory: boolean): (name: string) => boolean {
  if (only === undefined) {
    return (name) => (name === "history" ? isHistory : !name.endsWith("gzip"));
  }
  const texts = only.split(",").map((text) => text.trim());
  const names = [...INGEST_VARIANTS.map(({ name }) => name), ...STORED_SCENARIOS];
  const unknown = texts.find((text) => text === "" || !names.some((name) => name.includes(text)));
  if (unknown !== undefined) {
    throw new TracAggError(
      "invalid_argument",
      `--only: expected parts of ${names.join(", ")}, got "${unknown}"`,
    );
  }
  return (name) => texts.some((text) => name.includes(text)) || (name === "history" && isHistory);
}

function hasCollector(peer: string | undefined, byDefault: boolean): boolean {
  if (peer === undefined) return byDefault;
  if (peer === "collector" || peer === "none") return peer === "collector";
  throw new TracAggError("invalid_argument", `--peer: expected collector or none, got "${peer}"`);
}

function externalOptions(values: RawValues): ExternalTargetOptions | undefined {
  if (values.against === undefined) {
    const stray = (["pid", "data", "settle"] as const).find((name) => values[name] !== undefined);
    if (stray === undefined) return undefined;
    throw new TracAggError("invalid_argument", `--${stray}: expected --against URL with it`);
  }
  return {
    urls: values.against,
    settleMillis: wholeNumber("--settle", values.settle, 30) * 1_000,
    ...(values.pid === undefined ? {} : { pid: wholeNumber("--pid", values.pid, 0) }),
    ...(values.data === undefined ? {} : { dataFolder: values.data }),
  };
}
