/** `tracagg findings <id>`: what is wrong in a trace. */

import type { FindingJson, FindingListJson } from "../../api/trace-analysis-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { ClockFlags } from "../clock-flag.ts";
import { addClockFlag, clocksText } from "../clock-flag.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { printable } from "../render/printable.ts";
import { durationText, percentText } from "../render/quantities.ts";
import type { Style } from "../render/style.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface FindingFlags extends ServerFlags, ClockFlags {}

/** Adds `findings`. */
export const addFindings: AddCommand = (program, run) => {
  const command = program
    .command("findings <traceId>")
    .summary("show what is wrong in a trace")
    .description(
      "Shows N+1 and repeated queries, sequential calls that could be parallel, retries, timeouts, untraced gaps, " +
        "missing spans and origins of errors, each with its cost, the spans that prove it, and what to do.",
    );
  addServerFlags(addClockFlag(command))
    .addHelpText("after", "\nExample:\n  $ tracagg findings 4bf92f3577b34da6a3ce929d0e0e4736")
    .action(run((context, traceId: string, flags: FindingFlags) => findings(context, traceId, flags)));
};

/** Spans of a proof that are named; the others are counted. */
const SPANS_NAMED = 3;

function columnsFor(style: Style): readonly Column<FindingJson>[] {
  return [
    {
      title: "SEVERITY",
      cell: (finding) => finding.severity,
      look: (text, { severity }) => (severity === "high" ? style.red(text) : text),
    },
    { title: "FINDING", cell: (finding) => finding.type },
    { title: "COST", cell: (finding) => durationText(finding.costMs), side: "right" },
    { title: "SHARE", cell: (finding) => percentText(finding.percentageOfTrace), side: "right" },
    { title: "SPANS", cell: (finding) => finding.spanCount.toLocaleString("en-US"), side: "right" },
    { title: "SERVICE", cell: (finding) => finding.service },
    { title: "OPERATION", cell: (finding) => finding.operation },
  ];
}

/** What was found, why one may believe it, and what to do. */
function paragraph({ summary, advice, spans, spanCount }: FindingJson, at: number, style: Style): string {
  const named = spans.slice(0, SPANS_NAMED);
  const rest =
    spanCount > named.length ? ` and ${(spanCount - named.length).toLocaleString("en-US")} more` : "";
  const error = spans.find((span) => span.error !== "")?.error;
  const lines = [
    `${at + 1}. ${style.bold(printable(summary))}`,
    ...(error === undefined ? [] : [`   ${printable(error)}`]),
    `   ${printable(advice)}`,
    style.dim(`   spans ${named.map(({ spanId }) => spanId).join(", ")}${rest}`),
  ];
  return `${lines.join("\n")}\n`;
}

async function findings(context: CliContext, traceId: string, flags: FindingFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const url = `/api/v1/traces/${encodeURIComponent(traceId)}/findings`;
  const answer = await client.getJson<FindingListJson>(url, { clock: flags.clock });
  if (answer.findings.length === 0) {
    context.stderr.write("nothing found\n");
    return ExitCode.FAILED;
  }
  if (!isForPeople(context, flags)) {
    writeJsonLines(context, answer.findings);
    return ExitCode.OK;
  }
  const style = styleOf(context);
  const paragraphs = answer.findings.map((finding, at) => paragraph(finding, at, style));
  const omitted = answer.omittedFindings > 0 ? `\n${answer.omittedFindings} more are not shown\n` : "";
  context.stdout.write(
    `${renderTable(columnsFor(style), answer.findings, style)}\n${paragraphs.join("")}${omitted}${clocksText(answer.clocks)}`,
  );
  return ExitCode.OK;
}
