/** `tracagg search`: traces that match, newest first. */

import type { TraceSummaryJson } from "../../api/contract.ts";
import type { FoundTraceJson } from "../../api/traceql-contract.ts";
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
    .description(
      "Lists traces that match, newest first; --json gives one trace a line. The query is TraceQL and takes the place of " +
        "the flags, those of time apart; with it the number of matching spans is told, and one of them.",
    )
    .argument("[query]", "a query in TraceQL, such as '{ status = error && duration > 1s }'")
    .option(
      "--limit <count>",
      `most traces listed (default ${DEFAULT_LIMIT})`,
      countArgument(MAX_LIMIT),
      DEFAULT_LIMIT,
    );
  addServerFlags(addFilterFlags(command))
    .addHelpText(
      "after",
      "\nExamples:\n  $ tracagg search --service checkout --min-duration 100ms --errors --since 1h" +
        "\n  $ tracagg search --since 1h '{ resource.service.name = \"checkout\" } >> { status = error }'",
    )
    .action(run((context, query: string | undefined, flags: SearchFlags) => search(context, flags, query)));
};

type Listed = TraceSummaryJson & Partial<Pick<FoundTraceJson, "spansets">>;

function columnsFor(context: CliContext, hasQuery: boolean): readonly Column<Listed>[] {
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
    ...(hasQuery
      ? [
          { title: "MATCHED", cell: (trace: Listed) => String(matchedSpans(trace)), side: "right" as const },
          { title: "FIRST MATCH", cell: firstMatch },
        ]
      : []),
    {
      title: "SERVICES",
      cell: (trace: Listed) => trace.services.map((service) => service.name).join(" "),
    },
  ];
}

function matchedSpans({ spansets = [] }: Listed): number {
  return spansets.reduce((sum, { matched }) => sum + matched, 0);
}

function firstMatch({ spansets = [] }: Listed): string {
  const span = spansets[0]?.spans[0];
  return span === undefined ? "" : `${span.serviceName}: ${span.name}`;
}

async function search(context: CliContext, flags: SearchFlags, query: string | undefined): Promise<ExitCode> {
  const filter = { ...filterParameters(flags), ...(query === undefined ? {} : { q: query }) };
  const found = matchingTraces(createApiClient(context, flags), filter, flags.limit, (message) =>
    context.stderr.write(`warning: ${message}\n`),
  );
  const traces: Listed[] = [];
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
  if (forPeople)
    context.stdout.write(renderTable(columnsFor(context, query !== undefined), traces, styleOf(context)));
  return ExitCode.OK;
}
