/** `tracagg critical-path <id>`: what the end of a trace waited for. */

import type { CriticalPathJson, CriticalPathSegmentJson, CriticalPathShareJson } from "../../api/contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { ClockFlags } from "../clock-flag.ts";
import { addClockFlag, clocksText } from "../clock-flag.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { durationText, percentText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface CriticalPathFlags extends ServerFlags, ClockFlags {}

/** Adds `critical-path`. */
export const addCriticalPath: AddCommand = (program, run) => {
  const command = program
    .command("critical-path <traceId>")
    .summary("show what a trace's duration is made of")
    .description(
      "Shows the spans that the end of a trace waited for, instant by instant, and sums by operation.",
    );
  addServerFlags(addClockFlag(command))
    .addHelpText("after", "\nExample:\n  $ tracagg critical-path 4bf92f3577b34da6a3ce929d0e0e4736")
    .action(
      run((context, traceId: string, flags: CriticalPathFlags) => criticalPath(context, traceId, flags)),
    );
};

const SHARE_COLUMNS: readonly Column<CriticalPathShareJson>[] = [
  { title: "SHARE", cell: (share) => percentText(share.percentageOfTrace), side: "right" },
  { title: "TIME", cell: (share) => durationText(share.durationMs), side: "right" },
  { title: "SERVICE", cell: (share) => share.service || "(no span)" },
  { title: "OPERATION", cell: (share) => share.operation },
];

function segmentColumns(path: CriticalPathJson): readonly Column<CriticalPathSegmentJson>[] {
  const start = BigInt(path.segments[0]?.startTimeUnixNano ?? "0");
  const millis = (nanos: bigint): number => Number(nanos) / 1e6;
  return [
    {
      title: "AT",
      cell: (segment) => durationText(millis(BigInt(segment.startTimeUnixNano) - start)),
      side: "right",
    },
    { title: "TIME", cell: (segment) => durationText(millis(BigInt(segment.durationNanos))), side: "right" },
    { title: "SERVICE", cell: (segment) => segment.service || "(no span)" },
    { title: "OPERATION", cell: (segment) => segment.operation },
    { title: "CLASS", cell: (segment) => segment.class },
    { title: "SPAN", cell: (segment) => segment.spanId },
  ];
}

function noteText({ clocks }: CriticalPathJson): string {
  return clocks.length === 0 ? "" : `\n${clocksText(clocks)}`;
}

async function criticalPath(
  context: CliContext,
  traceId: string,
  flags: CriticalPathFlags,
): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const url = `/api/v1/traces/${encodeURIComponent(traceId)}/critical-path`;
  const path = await client.getJson<CriticalPathJson>(url, { clock: flags.clock });
  if (!isForPeople(context, flags)) {
    writeJsonLines(context, [path]);
    return ExitCode.OK;
  }
  const style = styleOf(context);
  const shares = renderTable(SHARE_COLUMNS, path.byOperation, style);
  context.stdout.write(
    `${renderTable(segmentColumns(path), path.segments, style)}\n${shares}${noteText(path)}`,
  );
  return ExitCode.OK;
}
