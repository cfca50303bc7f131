/** `tracagg bottlenecks`: operations that matter most, or what makes slow traces slow. */

import type { Command } from "commander";
import { Option } from "commander";
import type {
  OperationRankingJson,
  ProfileFrameJson,
  RankedOperationJson,
  SlowOperationDifferenceJson,
  SlowTracesJson,
} from "../../api/profile-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { ClockFlags } from "../clock-flag.ts";
import { addClockFlag } from "../clock-flag.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { FilterFlags } from "../filter-flags.ts";
import { addFilterFlags, filterParameters } from "../filter-flags.ts";
import { countText, durationText, percentText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";
import { followBottlenecks } from "./follow-bottlenecks.ts";

interface BottleneckFlags extends FilterFlags, ServerFlags, ClockFlags {
  readonly rank: "critical" | "total" | "p95";
  readonly slow?: boolean;
  readonly follow?: boolean;
}

/** Rows of the table; all are in the JSON. */
const MAX_SHOWN = 20;

/** Adds `bottlenecks`. */
export const addBottlenecks: AddCommand = (program, run) => {
  const command: Command = program
    .command("bottlenecks")
    .summary("show which operations matter most")
    .description(
      "Ranks the operations of the traces that match: by their share of the critical paths, by the time of all " +
        "their spans, or by p95. With --slow: what slow traces wait for more than middling ones. With --follow: events, " +
        "of all root operations or those that --root-service and --root-operation name.",
    )
    .addOption(
      new Option("--rank <rank>", "what operations are ranked by")
        .choices(["critical", "total", "p95"])
        .default("critical"),
    )
    .option("--slow", "traces above the p95 of their root operation against those from p40 to p60")
    .option("--follow", "show bottlenecks as they start, move and end, until interrupted");
  addServerFlags(addClockFlag(addFilterFlags(command)))
    .addHelpText("after", "\nExample:\n  $ tracagg bottlenecks --service checkout --since 1h --rank total")
    .action(run((context, flags: BottleneckFlags) => bottlenecks(context, flags)));
};

const FRAME_COLUMNS: readonly Column<ProfileFrameJson>[] = [
  { title: "SERVICE", cell: (row) => row.service },
  { title: "OPERATION", cell: (row) => row.operation },
  { title: "KIND", cell: (row) => (row.role === "operation" ? row.kind : "") },
];

const RANK_COLUMNS: readonly Column<RankedOperationJson>[] = [
  { title: "CRITICAL", cell: (row) => percentText(row.criticalShare * 100), side: "right" },
  { title: "TIME", cell: (row) => durationText(row.criticalMs), side: "right" },
  { title: "TOTAL", cell: (row) => durationText(row.totalMs), side: "right" },
  { title: "P95", cell: (row) => durationText(row.p95Ms), side: "right" },
  { title: "SPANS", cell: (row) => Math.round(row.spanCount).toLocaleString("en-US"), side: "right" },
  ...FRAME_COLUMNS,
  { title: "SEE TRACE", cell: (row) => row.exemplars.max?.traceId ?? "" },
];

const SLOW_COLUMNS: readonly Column<SlowOperationDifferenceJson>[] = [
  { title: "SLOW", cell: (row) => percentText(row.slowShare * 100), side: "right" },
  { title: "MIDDLE", cell: (row) => percentText(row.middleShare * 100), side: "right" },
  { title: "MEAN SLOW", cell: (row) => durationText(row.slowMeanMs), side: "right" },
  { title: "MEAN MIDDLE", cell: (row) => durationText(row.middleMeanMs), side: "right" },
  ...FRAME_COLUMNS,
  { title: "SEE TRACE", cell: (row) => row.exemplar?.traceId ?? "" },
];

async function bottlenecks(context: CliContext, flags: BottleneckFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const filter = filterParameters(flags);
  if (flags.follow === true) {
    const forPeople = isForPeople(context, flags);
    return await followBottlenecks(context, { client, parameters: filter, forPeople });
  }
  const parameters = { ...filter, clock: flags.clock };
  if (flags.slow === true) {
    const slow = await client.getJson<SlowTracesJson>("/api/v1/profile/slow", parameters);
    return show(context, flags, slow, () => slowText(slow, context));
  }
  const ranked = { ...parameters, rank: flags.rank };
  const ranking = await client.getJson<OperationRankingJson>("/api/v1/bottlenecks", ranked);
  return show(context, flags, ranking, () => {
    const rows = ranking.operations.slice(0, MAX_SHOWN);
    return `${tracesText(ranking)}\n\n${renderTable(RANK_COLUMNS, rows, styleOf(context))}`;
  });
}

function show(
  context: CliContext,
  flags: BottleneckFlags,
  answer: OperationRankingJson | SlowTracesJson,
  text: () => string,
): ExitCode {
  if (answer.traceCount === 0) {
    context.stderr.write("no trace matches\n");
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) context.stdout.write(text());
  else writeJsonLines(context, [answer]);
  return ExitCode.OK;
}

function tracesText({ traceCount, truncated }: OperationRankingJson | SlowTracesJson): string {
  return `${countText(traceCount, "trace")}${truncated ? " (the newest of more)" : ""}`;
}

function slowText(slow: SlowTracesJson, context: CliContext): string {
  const head = `${tracesText(slow)}: ${slow.slowCount.toLocaleString("en-US")} slow against ${slow.middleCount.toLocaleString("en-US")} in the middle`;
  const leftOut =
    slow.leftOutCount > 0
      ? `, ${slow.leftOutCount.toLocaleString("en-US")} left out (too few of their root operation)`
      : "";
  const rows = slow.operations.slice(0, MAX_SHOWN);
  return `${head}${leftOut}\n\n${renderTable(SLOW_COLUMNS, rows, styleOf(context))}`;
}
