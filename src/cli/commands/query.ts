/** `tracagg query`: functions over time in TraceQL. */

import type { SeriesJson, SeriesListJson } from "../../api/traceql-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { displayWidth } from "../render/printable.ts";
import { countText, durationText, timeText } from "../render/quantities.ts";
import { sparkline } from "../render/sparkline.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { MAX_CELL_WIDTH, renderTable } from "../render/table.ts";

interface QueryFlags extends ServerFlags {
  readonly start?: string;
  readonly end?: string;
  readonly since?: string;
  readonly step?: string;
  readonly instant?: boolean;
}

/** A terminal that does not say how wide it is. */
const USUAL_WIDTH = 80;
const LEAST_CHART_WIDTH = 20;

/** Adds `query`. */
export const addQuery: AddCommand = (program, run) => {
  const command = program
    .command("query")
    .summary("show functions over time of spans, in TraceQL")
    .description(
      "Shows the series of a query such as '{ status = error } | rate() by(resource.service.name)' with a chart of each; " +
        "--json gives one series a line. Durations are in seconds.",
    )
    .argument("<query>", "a query in TraceQL with a function over time")
    .option("--since <time>", "the last 15m, 1h30m, 7d (default 1h)")
    .option("--start <time>", "start of the range in place of --since: RFC 3339, epoch number or -1h")
    .option("--end <time>", "end of the range (default now)")
    .option("--step <time>", "length of an interval, such as 15s or 1m (default: some 240 intervals)")
    .option("--instant", "one value for the whole range");
  addServerFlags(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ tracagg query --since 1h '{ } | rate() by(resource.service.name)'" +
        "\n  $ tracagg query --since 1d --step 1h '{ kind = server } | quantile_over_time(duration, .5, .95) by(name) | topk(5)'",
    )
    .action(run((context, query: string, flags: QueryFlags) => showSeries(context, flags, query)));
};

async function showSeries(context: CliContext, flags: QueryFlags, q: string): Promise<ExitCode> {
  const { start, end, since, step, instant } = flags;
  const answer = await createApiClient(context, flags).getJson<SeriesListJson>("/api/v1/query", {
    q,
    start,
    end,
    since,
    step,
    instant: instant === true ? "true" : undefined,
  });
  for (const { message } of answer.warnings) context.stderr.write(`warning: ${message}\n`);
  if (answer.message !== "") context.stderr.write(`${answer.status}: ${answer.message}\n`);
  if (answer.series.length === 0) {
    context.stderr.write("no series in this range\n");
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) {
    const columns = instant === true ? [NAME, LAST] : columnsFor(context, answer);
    context.stdout.write(renderTable(columns, answer.series, styleOf(context)));
    context.stdout.write(`${rangeText(answer)}\n`);
  } else writeJsonLines(context, answer.series);
  return ExitCode.OK;
}

const NAME: Column<SeriesJson> = { title: "SERIES", cell: nameOf };
const LAST: Column<SeriesJson> = {
  title: "LAST",
  cell: (series) => text(valuesOf(series).at(-1)),
  side: "right",
};
const SUMS: readonly Column<SeriesJson>[] = [
  { title: "MIN", cell: (series) => text(Math.min(...valuesOf(series))), side: "right" },
  { title: "MEAN", cell: (series) => text(meanOf(valuesOf(series))), side: "right" },
  { title: "MAX", cell: (series) => text(Math.max(...valuesOf(series))), side: "right" },
  LAST,
];

/** The chart takes what the other columns leave of the terminal. */
function columnsFor(context: CliContext, answer: SeriesListJson): readonly Column<SeriesJson>[] {
  const others = [NAME, ...SUMS];
  const taken = others.map(({ title, cell }) =>
    Math.max(
      title.length,
      ...answer.series.map((series) => Math.min(MAX_CELL_WIDTH, displayWidth(cell(series))) + 2),
    ),
  );
  const rest = (context.stdout.columns ?? USUAL_WIDTH) - taken.reduce((sum, width) => sum + width, 0) - 1;
  const width = Math.max(LEAST_CHART_WIDTH, rest);
  const chart = {
    title: "CHART",
    cell: (series: SeriesJson) => sparkline(byInterval(series, answer), width),
  };
  return [...others, { ...chart, maxWidth: width }];
}

/** A value for each interval of the range. */
function byInterval({ samples }: SeriesJson, { range, stepNanos }: SeriesListJson): (number | undefined)[] {
  const start = BigInt(range.startTimeUnixNano);
  const intervals = Number((BigInt(range.endTimeUnixNano) - start) / BigInt(stepNanos));
  const values = new Array<number | undefined>(intervals).fill(undefined);
  for (const { timeUnixNano, value } of samples) {
    values[Number((BigInt(timeUnixNano) - start) / BigInt(stepNanos)) - 1] = Number(value);
  }
  return values;
}

/** `checkout`, `resource.service.name=checkout, p=0.95`, or the function where there is nothing else. */
function nameOf({ labels }: SeriesJson): string {
  const [only, second] = labels;
  if (only === undefined) return "{}";
  if (second === undefined && only.name === "__name__") return String(only.value);
  return labels.map(({ name, value }) => `${name}=${value === null ? "nil" : plain(value)}`).join(", ");
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function valuesOf({ samples }: SeriesJson): number[] {
  return samples.map(({ value }) => Number(value));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Three significant digits. */
function text(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return value === undefined ? "" : String(value);
  const digits = Math.abs(value) < 1_000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString("en-US", digits);
}

function rangeText({ range, stepNanos }: SeriesListJson): string {
  const moment = (nanos: string): string =>
    timeText(new Date(Number(BigInt(nanos) / 1_000_000n)).toISOString());
  const intervals = Number(
    (BigInt(range.endTimeUnixNano) - BigInt(range.startTimeUnixNano)) / BigInt(stepNanos),
  );
  const step = durationText(Number(stepNanos) / 1e6);
  return `${moment(range.startTimeUnixNano)} to ${moment(range.endTimeUnixNano)} UTC, ${countText(intervals, "interval")} of ${step}`;
}
