/** `tracagg search`: traces that match, newest first. */

import type { TraceSummaryJson } from "../../api/contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { FilterFlags } from "../filter-flags.ts";
import { addFilterFlags, countArgument, filterParameters } from "../filter-flags.ts";
import { durationText, timeText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";
import { matchingTraces } from "../trace-pages.ts";

interface SearchFlags extends FilterFlags, ServerFlags {
  readonly limit: number;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100_000;

/** Adds `search`. */
export const addSearch: AddCommand = (program, run) => {
  const command = program
    .command("search")
    .summary("find traces")
    .description("Lists traces that match, newest first; --json gives one summary a line.")
    .option(
      "--limit <count>",
      `most traces listed (default ${DEFAULT_LIMIT})`,
      countArgument(MAX_LIMIT),
      DEFAULT_LIMIT,
    );
  addServerFlags(addFilterFlags(command))
    .addHelpText(
      "after",
      "\nExample:\n  $ tracagg search --service checkout --min-duration 100ms --errors --since 1h",
    )
    .action(run((context, flags: SearchFlags) => search(context, flags)));
};

function columnsFor(context: CliContext): readonly Column<TraceSummaryJson>[] {
  const style = styleOf(context);
  return [
    { title: "TRACE", cell: (trace) => trace.traceId },
    { title: "START", cell: (trace) => timeText(trace.startTime) },
    {
      title: "ROOT",
      cell: (trace) => `${trace.rootService || "?"}: ${trace.rootOperation || "(not known)"}`,
    },
    { title: "DURATION", cell: (trace) => durationText(trace.durationMs), side: "right" },
    { title: "SPANS", cell: (trace) => String(trace.spanCount), side: "right" },
    {
      title: "ERRORS",
      cell: (trace) => String(trace.errorCount),
      side: "right",
      look: (text, trace) => (trace.errorCount > 0 ? style.red(text) : text),
    },
    { title: "SERVICES", cell: (trace) => trace.services.map((service) => service.name).join(" ") },
  ];
}

async function search(context: CliContext, flags: SearchFlags): Promise<ExitCode> {
  const found = matchingTraces(createApiClient(context, flags), filterParameters(flags), flags.limit);
  const traces: TraceSummaryJson[] = [];
  let count = 0;
  const forPeople = isForPeople(context, flags);
  for await (const trace of found) {
    count++;
    if (forPeople) traces.push(trace);
    else writeJsonLines(context, [trace]);
  }
  if (count === 0) {
    context.stderr.write("no trace matches\n");
    return ExitCode.FAILED;
  }
  if (forPeople) context.stdout.write(renderTable(columnsFor(context), traces, styleOf(context)));
  return ExitCode.OK;
}
