/** The page of figures: method, goals, tables, what others were measured at. */

import type { BenchResults, Conditions } from "../bench-results.ts";
import { COLLECTOR_NAME } from "../targets/collector-target.ts";
import { EARLIER_PEERS } from "./earlier-peers.ts";
import { goalTable, sections } from "./sections.ts";
import { numberText } from "./table.ts";

const GOAL_SPANS = 1_000_000;

/** Figures of one analysis, as Markdown. */
export interface AnalysisReport {
  readonly title: string;
  readonly text: string;
}

/** The page, as Markdown. */
export function performancePage(results: BenchResults, analyses: readonly AnalysisReport[] = []): string {
  const { conditions } = results;
  return [
    "# Performance",
    "",
    "This page is written by the bench; a change by hand is lost at the next run.",
    "",
    "```sh",
    conditions.command,
    "```",
    "",
    "`--quick` tries it in a few minutes, `--help` lists the options, `--json FILE` keeps every figure.",
    "",
    ...conditionsText(conditions),
    "",
    "## Method",
    "",
    ...methodText(conditions),
    "",
    "## Goals",
    "",
    ...goalTable(results),
    "",
    ...sections(results).flatMap(({ title, lines }) => [`## ${title}`, "", ...lines, ""]),
    ...analyses.flatMap(({ title, text }) => [`## ${title}`, "", text.trim(), ""]),
    ...EARLIER_PEERS,
    "",
    ...OTHER_BACKENDS,
    "",
  ].join("\n");
}

/** What was measured, on what: the first lines of every output. */
export function conditionsText(conditions: Conditions): string[] {
  const { spans, rounds, concurrency } = conditions;
  const amount = `${numberText(spans)} spans a run, ${concurrency} requests in flight`;
  const lines = [
    `- Version: TracAgg ${conditions.version}`,
    `- Machine: ${conditions.machine}; load average before the run ${numberText(conditions.loadAverage, 2)}`,
    `- Cores: ${conditions.pinning}`,
    `- Corpus: ${conditions.corpus}`,
    `- Load: ${amount}, ${rounds === 1 ? "one round" : `medians of ${rounds} rounds`}`,
  ];
  if (spans < GOAL_SPANS) {
    lines.push(
      `- A short run: start-up weighs more than over the ${numberText(GOAL_SPANS)} spans the goals are set for`,
    );
  }
  if (conditions.collector !== undefined) {
    lines.push(`- Yardstick: OpenTelemetry Collector ${conditions.collector}, OTLP receiver to nop exporter`);
  }
  if (conditions.environment.length > 0) {
    lines.push(`- Environment: ${conditions.environment.join(" ")}`);
  }
  return lines;
}

function methodText({ collector }: Conditions): string[] {
  const yardstick =
    collector === undefined
      ? []
      : [
          `- **${COLLECTOR_NAME}** is the yardstick, since absolute figures move with the machine: the same load, in the`,
          "  same run, on the same core, to a Collector that decodes it and keeps nothing. Rounds alternate. `x Collector`",
          "  is a backend's CPU per span over the Collector's.",
        ];
  return [
    "- Server and load generator are processes of their own; each answer comes after its spans are synced to disk.",
    "- The corpus is replayed again and again, each pass with other trace ids and current times. Bodies are made while",
    "  sending; the generator's own CPU is printed, and near 100 % it, not the server, was the limit.",
    "- **Sealed** counts until every span is in a Parquet segment and the server has ended: CPU is its user and system",
    "  time from ready to end, spans/s the spans over that time from the first request on. **Acked** counts to the last",
    "  acknowledgement. Peak RSS is VmHWM, disk the allocated blocks of every file that is left.",
    "- **Merging segments** begins when nothing has been sealed for ten seconds, so it is measured by itself: a server over",
    "  the filled store, from being ready until nothing is left to merge. All that follows is asked of the merged store.",
    "- **Merged** is about 500 spans a request, **recorded** the requests as the corpus has them, 47 on average.",
    "- Request latency lasts from the first try until the request is taken. At a fixed rate it starts when the request",
    "  was due, so a stall counts for every request it delays. The rate is half of what was sealed a second while",
    "  filling the store.",
    "- Queries run over the filled store after a restart, one at a time, their first answer not counted. Values are",
    "  taken from the corpus: a common value is on at most a fifth of the spans, a rare one on one span a pass, an",
    "  absent one is a rare one with a digit more. Percentiles are nearest ranks.",
    "- While questions are answered, three clients run: quick questions, heavy ones, and one that reads 1,000 traces",
    "  slowly.",
    "- Start to ready is the median of several starts over the filled store with its files in the page cache; idle RSS",
    "  is read 5 s later.",
    ...yardstick,
  ];
}

const OTHER_BACKENDS: readonly string[] = [
  "## Another backend beside this one",
  "",
  "`--against` sends the same ingest load to a backend that runs already and reads `/proc` of the process given; hold",
  "it to the server's core first, for a fair comparison:",
  "",
  "```sh",
  "taskset -a -c -p 0 PID",
  "npm run bench -- --only identity --against http://127.0.0.1:14318 --against grpc://127.0.0.1:14317 --pid PID --data DIR",
  "```",
];
