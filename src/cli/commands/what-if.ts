/** `tracagg what-if <id>`: a trace with an operation made faster. */

import type { SpanSlackJson, WhatIfJson } from "../../api/trace-analysis-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { ClockFlags } from "../clock-flag.ts";
import { addClockFlag, clocksText } from "../clock-flag.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { countArgument } from "../filter-flags.ts";
import { countText, durationText, percentText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface WhatIfFlags extends ServerFlags, ClockFlags {
  readonly service: string;
  readonly operation?: string;
  readonly percent: number;
}

const DEFAULT_PERCENT = 50;

/** Adds `what-if`. */
export const addWhatIf: AddCommand = (program, run) => {
  const command = program
    .command("what-if <traceId>")
    .summary("show how long a trace would take if an operation were faster")
    .description(
      "Schedules a trace anew with an operation made faster: what waited for it moves forward. DRAG is the most that " +
        "one span alone can save, SLACK how late it may be without holding the trace up.",
    )
    .requiredOption("--service <name>", "service that becomes faster")
    .option("--operation <name>", "name of its spans that become faster (default all of them)")
    .option(
      "--percent <number>",
      `by how much of their own time (default ${DEFAULT_PERCENT})`,
      countArgument(100),
      DEFAULT_PERCENT,
    );
  addServerFlags(addClockFlag(command))
    .addHelpText(
      "after",
      "\nExample:\n  $ tracagg what-if 4bf92f3577b34da6a3ce929d0e0e4736 --service payment --operation POST --percent 30",
    )
    .action(run((context, traceId: string, flags: WhatIfFlags) => whatIf(context, traceId, flags)));
};

const COLUMNS: readonly Column<SpanSlackJson>[] = [
  { title: "DRAG", cell: (span) => durationText(span.dragMs), side: "right" },
  {
    title: "SLACK",
    cell: (span) => (span.slackMs === null ? "any" : durationText(span.slackMs)),
    side: "right",
  },
  { title: "SERVICE", cell: (span) => span.service },
  { title: "OPERATION", cell: (span) => span.operation },
  { title: "SPAN", cell: (span) => span.spanId },
];

async function whatIf(context: CliContext, traceId: string, flags: WhatIfFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const url = `/api/v1/traces/${encodeURIComponent(traceId)}/what-if`;
  const { service, operation, percent, clock } = flags;
  const answer = await client.getJson<WhatIfJson>(url, {
    service,
    operation,
    percent: String(percent),
    clock,
  });
  if (answer.matchingSpans === 0) {
    context.stderr.write("no span of the trace is of this service and operation\n");
    return ExitCode.FAILED;
  }
  if (!isForPeople(context, flags)) {
    writeJsonLines(context, [answer]);
    return ExitCode.OK;
  }
  const most = durationText(Number(answer.mostSavingNanos) / 1e6);
  const saved = `${durationText(answer.savingMs)} (${percentText(answer.savedPercentage)}) less, at most ${most}`;
  const head =
    `${durationText(answer.durationMs)} would be ${durationText(answer.newDurationMs)}: ${saved}, ` +
    `with ${countText(answer.matchingSpans, "span")} ${percent}% faster\n`;
  context.stdout.write(
    `${head}\n${renderTable(COLUMNS, answer.spans, styleOf(context))}${clocksText(answer.clocks)}`,
  );
  return ExitCode.OK;
}
