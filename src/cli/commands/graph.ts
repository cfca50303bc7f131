/** `tracagg graph`: the live dependency graph. */

import type { Command } from "commander";
import { Option } from "commander";
import type { GraphEdgeJson, GraphJson } from "../../api/live-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { RangeFlags } from "../filter-flags.ts";
import { addRangeFlags, countArgument, rangeParameters } from "../filter-flags.ts";
import { edgeColumns } from "../render/edge-columns.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

const MAX_HOPS = 10;

interface GraphFlags extends RangeFlags, ServerFlags {
  readonly level: "service" | "operation";
  readonly focus?: string;
  readonly hops?: number;
}

/** Adds `graph`. */
export const addGraph: AddCommand = (program, run) => {
  const command: Command = program
    .command("graph")
    .summary("show the live dependency graph: calls, errors, latencies")
    .description(
      "Shows who calls whom as traces complete, with rate, errors by side, latencies and network gap.",
    )
    .addOption(
      new Option("--level <level>", "how close: services, or their operations")
        .choices(["service", "operation"])
        .default("service"),
    )
    .option("--focus <node>", "only the neighbourhood of this node")
    .option("--hops <number>", "edges from the focus to its rim (default 1)", countArgument(MAX_HOPS));
  addServerFlags(addRangeFlags(command))
    .addHelpText("after", "\nExample:\n  $ tracagg graph --since 15m --focus checkout")
    .action(run((context, flags: GraphFlags) => graph(context, flags)));
};

function columnsFor(context: CliContext, { level }: GraphFlags): readonly Column<GraphEdgeJson>[] {
  const named = (node: string, operation: string): string =>
    level === "operation" && operation !== "" ? `${node} ${operation}` : node;
  return [
    { title: "FROM", cell: (edge) => named(edge.from, edge.fromOperation) },
    { title: "TO", cell: (edge) => named(edge.to, edge.toOperation) },
    { title: "TYPE", cell: (edge) => edge.type },
    ...edgeColumns(styleOf(context)),
  ];
}

async function graph(context: CliContext, flags: GraphFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const { level, focus, hops } = flags;
  const answer = await client.getJson<GraphJson>("/api/v1/graph", {
    level,
    ...(focus === undefined ? {} : { focus }),
    ...(hops === undefined ? {} : { hops: String(hops) }),
    ...rangeParameters(flags),
  });
  if (answer.edges.length === 0) {
    context.stderr.write("no calls in this range\n");
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) {
    context.stdout.write(renderTable(columnsFor(context, flags), answer.edges, styleOf(context)));
  } else writeJsonLines(context, answer.edges);
  return ExitCode.OK;
}
