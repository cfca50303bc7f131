/** `tracagg topology`: the live graph by where services run. */

import type { Command } from "commander";
import { Option } from "commander";
import type { PlaceLevel } from "../../analysis/topology/place-node.ts";
import { PLACE_LEVELS } from "../../analysis/topology/place-node.ts";
import type { TopologyEdgeJson, TopologyJson, TopologyNodeJson } from "../../api/topology-contract.ts";
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

interface TopologyFlags extends RangeFlags, ServerFlags {
  readonly level: PlaceLevel;
  readonly callerLevel?: PlaceLevel;
  readonly calleeLevel?: PlaceLevel;
  readonly service?: string;
  readonly callerService?: string;
  readonly calleeService?: string;
  readonly focus?: string;
  readonly hops?: number;
}

function levelOption(flags: string, description: string): Option {
  return new Option(flags, description).choices(PLACE_LEVELS);
}

/** Adds `topology`. */
export const addTopology: AddCommand = (program, run) => {
  const command: Command = program
    .command("topology")
    .summary("show calls between instances, hosts, zones, clusters")
    .description(
      "Shows who calls whom by where they run, as traces complete, with errors, latencies and network gap.",
    )
    .addOption(levelOption("--level <level>", "what both ends of calls are").default("instance"))
    .addOption(levelOption("--caller-level <level>", "what those who call are (default: --level)"))
    .addOption(levelOption("--callee-level <level>", "what those who are called are (default: --level)"))
    .option("--service <name>", "only calls that this service makes or answers")
    .option("--caller-service <name>", "only calls that this service makes")
    .option("--callee-service <name>", "only calls that this service answers")
    .option("--focus <node>", "only the neighbourhood of the nodes with this name or id")
    .option("--hops <number>", "edges from the focus to its rim (default 1)", countArgument(MAX_HOPS));
  addServerFlags(addRangeFlags(command))
    .addHelpText("after", "\nExample:\n  $ tracagg topology --since 15m --level zone")
    .action(run((context, flags: TopologyFlags) => topology(context, flags)));
};

/** An instance with its service, and whatever a node is in: `payment payment-1 (node-1)`. */
function nodeText({ name, level, parents }: TopologyNodeJson): string {
  if (level === "instance")
    return `${parents.service} ${name}${parents.host === null ? "" : ` (${parents.host})`}`;
  const around = level === "host" ? (parents.zone ?? parents.cluster) : null;
  return around === null ? name : `${name} (${around})`;
}

function columnsFor(context: CliContext, { nodes }: TopologyJson): readonly Column<TopologyEdgeJson>[] {
  const texts = new Map(nodes.map((node) => [node.id, nodeText(node)]));
  return [
    { title: "FROM", cell: ({ from }) => texts.get(from) as string },
    { title: "TO", cell: ({ to }) => texts.get(to) as string },
    { title: "TYPE", cell: ({ type }) => type },
    ...edgeColumns(styleOf(context)),
  ];
}

async function topology(context: CliContext, flags: TopologyFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const { level, callerLevel, calleeLevel, service, callerService, calleeService, focus, hops } = flags;
  const answer = await client.getJson<TopologyJson>("/api/v1/topology", {
    level,
    callerLevel,
    calleeLevel,
    service,
    callerService,
    calleeService,
    focus,
    hops: hops === undefined ? undefined : String(hops),
    ...rangeParameters(flags),
  });
  if (answer.edges.length === 0) {
    context.stderr.write("no calls in this range\n");
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) {
    context.stdout.write(renderTable(columnsFor(context, answer), answer.edges, styleOf(context)));
  } else writeJsonLines(context, answer.edges);
  return ExitCode.OK;
}
