/** `tracagg compare`: a trace against another, or a selection of traces against the rest. */

import type { SetComparisonJson, TraceComparisonJson } from "../../api/compare-contract.ts";
import { TracAggError } from "../../base/errors.ts";
import type { QueryParameters, ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { FilterFlags } from "../filter-flags.ts";
import { addFilterFlags, countArgument, filterParameters } from "../filter-flags.ts";
import { renderSetComparison, renderTraceComparison } from "../render/comparison-view.ts";
import { styleOf } from "../render/style.ts";

interface CompareFlags extends FilterFlags, ServerFlags {
  readonly select?: string;
  readonly slowest?: number;
  readonly split?: string;
  readonly versionOf?: string;
  readonly withVersion?: string;
  readonly against?: string;
  readonly limit?: number;
}

const MAX_LIMIT = 1_000;
const MAX_SLOWEST_PERCENT = 50;

const EXAMPLES = `
Examples:
  $ tracagg compare 4bf92f3577b34da6a3ce929d0e0e4736
  $ tracagg compare --select errors --service checkout --since 1h
  $ tracagg compare --select after --split -15m --root-operation "POST /checkout"
  $ tracagg compare --select version --version-of checkout --since 1h`;

/** Adds `compare`. */
export const addCompare: AddCommand = (program, run) => {
  const command = program
    .command("compare [traceId] [otherId]")
    .summary("show how a trace, or a set of traces, differs from others")
    .description(
      "With an id: the trace against another one, or against a typical one of its shape. With --select: the selected " +
        "ones of the traces that match against the rest.",
    )
    .option(
      "--select <what>",
      "errors, slow, after (with --split), version (with --version-of), or key=value of an attribute: the traces compared with the rest",
    )
    .option(
      "--slowest <percent>",
      "percent of the traces that --select slow takes (default 5)",
      countArgument(MAX_SLOWEST_PERCENT),
    )
    .option("--split <time>", "the moment that --select after takes: RFC 3339, epoch number or -1h")
    .option("--version-of <service>", "service whose versions --select version compares (default --service)")
    .option("--with-version <version>", "its version that --select version takes (default the newest seen)")
    .option("--against <version>", "version that it is compared with (default the newest other one)")
    .option("--limit <count>", "most call paths shown of two traces (default 100)", countArgument(MAX_LIMIT));
  addServerFlags(addFilterFlags(command))
    .addHelpText("after", EXAMPLES)
    .action(
      run((context, traceId: string | undefined, otherId: string | undefined, flags: CompareFlags) =>
        traceId === undefined
          ? compareSets(context, flags)
          : compareTraces(context, { traceId, otherId }, flags),
      ),
    );
};

async function compareTraces(
  context: CliContext,
  { traceId, otherId }: { readonly traceId: string; readonly otherId: string | undefined },
  flags: CompareFlags,
): Promise<ExitCode> {
  if (flags.select !== undefined) {
    throw usageError("--select: expected without the id of a trace, got one; leave either of them out");
  }
  const client = createApiClient(context, flags);
  const parameters = { with: otherId, limit: flags.limit === undefined ? undefined : String(flags.limit) };
  const url = `/api/v1/traces/${encodeURIComponent(traceId)}/compare`;
  const comparison = await client.getJson<TraceComparisonJson>(url, parameters);
  if (isForPeople(context, flags)) {
    context.stdout.write(renderTraceComparison(comparison, styleOf(context)));
  } else writeJsonLines(context, [comparison]);
  return ExitCode.OK;
}

async function compareSets(context: CliContext, flags: CompareFlags): Promise<ExitCode> {
  if (flags.select === undefined) {
    throw usageError(
      "expected the id of a trace, or --select with errors, slow, after, version or key=value",
    );
  }
  const parameters: QueryParameters = {
    ...filterParameters(flags),
    select: flags.select,
    slowestPercent: flags.slowest === undefined ? undefined : String(flags.slowest),
    splitAt: flags.split,
    versionOf: flags.versionOf,
    version: flags.withVersion,
    against: flags.against,
  };
  const comparison = await createApiClient(context, flags).getJson<SetComparisonJson>(
    "/api/v1/compare",
    parameters,
  );
  const { selectionSize, baselineSize } = comparison;
  if (selectionSize === 0 || baselineSize === 0) {
    context.stderr.write(`nothing to compare: ${whyNothing(comparison)}\n`);
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) {
    context.stdout.write(renderSetComparison(comparison, styleOf(context)));
  } else writeJsonLines(context, [comparison]);
  return ExitCode.OK;
}

function whyNothing({ selectionSize, baselineSize, versions }: SetComparisonJson): string {
  if (versions !== null) {
    const { service, selection, baseline } = versions;
    const sides = [
      [selection, selectionSize],
      [baseline, baselineSize],
    ] as const;
    const seen = sides.flatMap(([version, size]) => (version !== null && size > 0 ? [version] : []));
    return `expected traces of two versions of ${service}, found ${seen.length === 0 ? "none" : `those of ${seen[0]}`}`;
  }
  if (selectionSize + baselineSize === 0) return "no trace matches";
  return selectionSize === 0 ? "no trace that matches is in the selection" : "all are in the selection";
}

function usageError(message: string): TracAggError {
  return new TracAggError("invalid_argument", message);
}
