/** `tracagg red`: rate, errors and durations of operations. */

import type { Command } from "commander";
import { Option } from "commander";
import type { RedListJson, RedRowJson } from "../../api/live-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { RangeFlags } from "../filter-flags.ts";
import { addRangeFlags, rangeParameters } from "../filter-flags.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface RedFlags extends RangeFlags, ServerFlags {
  readonly service?: string;
  readonly operation?: string;
  readonly by: "service" | "operation" | "kind";
}

/** Adds `red`. */
export const addRed: AddCommand = (program, run) => {
  const command: Command = program
    .command("red")
    .summary("show rate, errors and durations of operations, live")
    .description(
      "Shows how many spans there were, how many failed and how long they took, of every span that arrived.",
    )
    .option("--service <name>", "only this service")
    .option("--operation <name>", "only spans of this name")
    .addOption(
      new Option("--by <what>", "what rows are: services, their operations, or these by kind")
        .choices(["service", "operation", "kind"])
        .default("operation"),
    );
  addServerFlags(addRangeFlags(command))
    .addHelpText("after", "\nExample:\n  $ tracagg red --since 15m --by service")
    .action(run((context, flags: RedFlags) => red(context, flags)));
};

function columnsFor(context: CliContext, { by }: RedFlags): readonly Column<RedRowJson>[] {
  const style = styleOf(context);
  const millis = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
  const names: Column<RedRowJson>[] = [{ title: "SERVICE", cell: (row) => row.service }];
  if (by !== "service") names.push({ title: "OPERATION", cell: (row) => row.operation });
  if (by === "kind") names.push({ title: "KIND", cell: (row) => row.kind ?? "" });
  return [
    ...names,
    { title: "SPANS", cell: (row) => row.spanCount.toLocaleString("en-US"), side: "right" },
    { title: "PER SECOND", cell: (row) => row.spansPerSecond.toFixed(2), side: "right" },
    {
      title: "ERRORS",
      cell: (row) => `${(row.errorShare * 100).toFixed(1)} %`,
      side: "right",
      look: (text, row) => (row.errorCount > 0 ? style.red(text) : text),
    },
    { title: "P50", cell: (row) => millis(row.durations.p50Ms), side: "right" },
    { title: "P95", cell: (row) => millis(row.durations.p95Ms), side: "right" },
    { title: "P99", cell: (row) => millis(row.durations.p99Ms), side: "right" },
  ];
}

async function red(context: CliContext, flags: RedFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const { service, operation, by } = flags;
  const answer = await client.getJson<RedListJson>("/api/v1/red", {
    groupBy: by,
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined ? {} : { operation }),
    ...rangeParameters(flags),
  });
  if (answer.rows.length === 0) {
    context.stderr.write("no spans in this range\n");
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) {
    context.stdout.write(renderTable(columnsFor(context, flags), answer.rows, styleOf(context)));
  } else writeJsonLines(context, answer.rows);
  return ExitCode.OK;
}
