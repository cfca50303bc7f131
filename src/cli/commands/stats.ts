/** `tracagg stats`: figures of services, and of the traces that match. */

import type { Command } from "commander";
import type {
  PerformanceJson,
  ServiceStatisticsJson,
  ServiceStatisticsListJson,
  SlowOperationJson,
} from "../../api/contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { FilterFlags } from "../filter-flags.ts";
import { addFilterFlags, filterParameters, rangeParameters } from "../filter-flags.ts";
import { countText, durationText, percentText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface StatsFlags extends FilterFlags, ServerFlags {}

/** Operations shown in the table; all are in the JSON. */
const MAX_SHOWN_OPERATIONS = 10;

/** Adds `stats`. */
export const addStats: AddCommand = (program, run) => {
  const command: Command = program
    .command("stats")
    .summary("show statistics of services and traces")
    .description(
      'Shows sums by service ({"report":"service"} lines; of --service and the range only) and durations of the ' +
        'traces that match every condition ({"report":"performance"}, the last line).',
    );
  addServerFlags(addFilterFlags(command))
    .addHelpText("after", "\nExample:\n  $ tracagg stats --service checkout --since 1h")
    .action(run((context, flags: StatsFlags) => stats(context, flags)));
};

function serviceColumns(context: CliContext): readonly Column<ServiceStatisticsJson>[] {
  const style = styleOf(context);
  return [
    { title: "SERVICE", cell: (row) => row.service },
    { title: "SPANS", cell: (row) => row.spanCount.toLocaleString("en-US"), side: "right" },
    {
      title: "ERRORS",
      cell: (row) => row.errorCount.toLocaleString("en-US"),
      side: "right",
      look: (text, row) => (row.errorCount > 0 ? style.red(text) : text),
    },
    { title: "AVG", cell: (row) => durationText(row.avgDurationMs), side: "right" },
    { title: "TOTAL", cell: (row) => durationText(row.totalDurationMs), side: "right" },
    { title: "OPERATIONS", cell: (row) => String(row.operations.length), side: "right" },
  ];
}

const OPERATION_COLUMNS: readonly Column<SlowOperationJson>[] = [
  { title: "SERVICE", cell: (row) => row.service },
  { title: "OPERATION", cell: (row) => row.operation },
  { title: "COUNT", cell: (row) => row.count.toLocaleString("en-US"), side: "right" },
  { title: "AVG", cell: (row) => durationText(row.avgMs), side: "right" },
  { title: "P95", cell: (row) => durationText(row.p95Ms), side: "right" },
  { title: "P99", cell: (row) => durationText(row.p99Ms), side: "right" },
  { title: "MAX", cell: (row) => durationText(row.maxMs), side: "right" },
];

function traceFigures(figures: PerformanceJson): string {
  const durations = [
    `min ${durationText(figures.minDurationMs)}`,
    `median ${durationText(figures.medianDurationMs)}`,
    `avg ${durationText(figures.avgDurationMs)}`,
    `p95 ${durationText(figures.p95DurationMs)}`,
    `p99 ${durationText(figures.p99DurationMs)}`,
    `max ${durationText(figures.maxDurationMs)}`,
    `std dev ${durationText(figures.stdDevDurationMs)}`,
  ];
  const note = figures.truncated ? " (the newest of more)" : "";
  const failed = percentText(figures.errorRate * 100);
  return `${countText(figures.totalTraces, "trace")}${note}, ${failed} with errors\n${durations.join(", ")}\n`;
}

async function stats(context: CliContext, flags: StatsFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const range = { service: flags.service, ...rangeParameters(flags) };
  const { services } = await client.getJson<ServiceStatisticsListJson>("/api/v1/statistics/services", range);
  const performance = await client.getJson<PerformanceJson>(
    "/api/v1/statistics/performance",
    filterParameters(flags),
  );
  if (services.length === 0 && performance.totalTraces === 0) {
    context.stderr.write("nothing stored in this range\n");
    return ExitCode.FAILED;
  }
  if (!isForPeople(context, flags)) {
    writeJsonLines(
      context,
      services.map((service) => ({ report: "service", ...service })),
    );
    writeJsonLines(context, [{ report: "performance", ...performance }]);
    return ExitCode.OK;
  }
  const style = styleOf(context);
  const slowest = performance.slowestOperations.slice(0, MAX_SHOWN_OPERATIONS);
  context.stdout.write(renderTable(serviceColumns(context), services, style));
  context.stdout.write(`\n${traceFigures(performance)}\n${renderTable(OPERATION_COLUMNS, slowest, style)}`);
  return ExitCode.OK;
}
