/** `tracagg trace <id>`: one trace as a waterfall. */

import type { CriticalPathJson, TraceJson } from "../../api/contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople } from "../cli-context.ts";
import type { ClockFlags } from "../clock-flag.ts";
import { addClockFlag, clocksText } from "../clock-flag.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { countArgument } from "../filter-flags.ts";
import { styleOf } from "../render/style.ts";
import { renderTrace } from "../render/trace-view.ts";

interface TraceFlags extends ServerFlags, ClockFlags {
  readonly maxSpans: number;
}

const DEFAULT_MAX_SPANS = 500;
const DEFAULT_COLUMNS = 120;

/** Adds `trace`. */
export const addTrace: AddCommand = (program, run) => {
  const command = program
    .command("trace <traceId>")
    .summary("show one trace")
    .description(
      "Shows a trace as a waterfall: tree, durations, bars, errors, critical path; --json gives it on one line.",
    )
    .option(
      "--max-spans <count>",
      `most spans shown (default ${DEFAULT_MAX_SPANS})`,
      countArgument(1_000_000),
      DEFAULT_MAX_SPANS,
    );
  addServerFlags(addClockFlag(command))
    .addHelpText("after", "\nExample:\n  $ tracagg trace 4bf92f3577b34da6a3ce929d0e0e4736")
    .action(run((context, traceId: string, flags: TraceFlags) => showTrace(context, traceId, flags)));
};

async function showTrace(context: CliContext, traceId: string, flags: TraceFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const path = `/api/v1/traces/${encodeURIComponent(traceId)}`;
  if (!isForPeople(context, flags)) {
    context.stdout.write(`${await client.getText(path)}\n`);
    return ExitCode.OK;
  }
  const trace = await client.getJson<TraceJson>(path);
  const criticalPath = await client.getJson<CriticalPathJson>(`${path}/critical-path`, {
    clock: flags.clock,
  });
  const columns = context.stdout.columns ?? DEFAULT_COLUMNS;
  const options = { columns, style: styleOf(context), maxSpans: flags.maxSpans, clock: flags.clock };
  context.stdout.write(`${renderTrace(trace, criticalPath, options)}${clocksText(criticalPath.clocks)}`);
  return ExitCode.OK;
}
