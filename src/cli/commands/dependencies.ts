/** `tracagg dependencies`: who calls whom. */

import type { Command } from "commander";
import { Option } from "commander";
import type {
  DependencyGraphJson,
  DependencyLinkJson,
  DependencyListJson,
  ZipkinDependencyListJson,
} from "../../api/contract.ts";
import type { ApiClient, ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { RangeFlags } from "../filter-flags.ts";
import { addRangeFlags, rangeParameters } from "../filter-flags.ts";
import { printable } from "../render/printable.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface DependencyFlags extends RangeFlags, ServerFlags {
  readonly format: "list" | "graph" | "dot";
  readonly rules: "tracagg" | "zipkin";
}

/** A link of either rules; Zipkin's have no type. */
type ShownLink = Omit<DependencyLinkJson, "type"> & Partial<Pick<DependencyLinkJson, "type">>;

/** Adds `dependencies`. */
export const addDependencies: AddCommand = (program, run) => {
  const command: Command = program
    .command("dependencies")
    .summary("show who calls whom")
    .description("Shows calls between services, databases, queues and peers that send no spans.")
    .addOption(
      new Option("--format <format>", "list: a link a line; graph: called nodes by node; dot: for Graphviz")
        .choices(["list", "graph", "dot"])
        .default("list"),
    )
    .addOption(
      new Option("--rules <rules>", "zipkin: what Zipkin's linker says of the newest 10,000 traces")
        .choices(["tracagg", "zipkin"])
        .default("tracagg"),
    );
  addServerFlags(addRangeFlags(command))
    .addHelpText(
      "after",
      "\nExample:\n  $ tracagg dependencies --since 1h --format dot | dot -Tsvg > map.svg",
    )
    .action(run((context, flags: DependencyFlags) => dependencies(context, flags)));
};

function columnsFor(
  context: CliContext,
  { rules }: Pick<DependencyFlags, "rules">,
): readonly Column<ShownLink>[] {
  const style = styleOf(context);
  return [
    { title: "FROM", cell: (link) => link.fromService },
    { title: "TO", cell: (link) => link.toService },
    ...(rules === "zipkin" ? [] : [{ title: "TYPE", cell: ({ type = "rpc" }: ShownLink) => type }]),
    { title: "CALLS", cell: (link) => link.callCount.toLocaleString("en-US"), side: "right" },
    {
      title: "ERRORS",
      cell: (link) => link.errorCount.toLocaleString("en-US"),
      side: "right",
      look: (text, link) => (link.errorCount > 0 ? style.red(text) : text),
    },
  ];
}

/** A text in the quotes of the DOT language; backslashes and quotes are escaped. */
function dotText(text: string): string {
  return `"${printable(text).replace(/[\\"]/g, "\\$&")}"`;
}

/** The links as a directed graph in Graphviz' DOT language, calls (and errors) on the edges. */
export function dotFromLinks(links: readonly ShownLink[]): string {
  const edges = links.map(({ fromService, toService, callCount, errorCount }) => {
    const label = errorCount > 0 ? `${callCount} (${errorCount} failed)` : String(callCount);
    return `  ${dotText(fromService)} -> ${dotText(toService)} [label=${dotText(label)}];\n`;
  });
  return `digraph dependencies {\n  rankdir=LR;\n  node [shape=box];\n${edges.join("")}}\n`;
}

function graphText(graph: DependencyGraphJson["graph"]): string {
  const lines = Object.entries(graph).map(([node, called]) =>
    printable(called.length === 0 ? node : `${node} -> ${called.join(", ")}`),
  );
  return `${lines.join("\n")}\n`;
}

async function dependencies(context: CliContext, flags: DependencyFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const isFound =
    flags.format === "graph" ? await graph(context, client, flags) : await list(context, client, flags);
  if (isFound) return ExitCode.OK;
  context.stderr.write("no calls between services in this range\n");
  return ExitCode.FAILED;
}

async function graph(context: CliContext, client: ApiClient, flags: DependencyFlags): Promise<boolean> {
  const parameters = { ...rangeParameters(flags), rules: flags.rules, format: "graph" };
  const answer = await client.getJson<DependencyGraphJson>("/api/v1/dependencies", parameters);
  if (Object.keys(answer.graph).length === 0) return false;
  if (isForPeople(context, flags)) context.stdout.write(graphText(answer.graph));
  else writeJsonLines(context, [answer.graph]);
  return true;
}

async function list(context: CliContext, client: ApiClient, flags: DependencyFlags): Promise<boolean> {
  const parameters = { ...rangeParameters(flags), rules: flags.rules };
  if (flags.rules === "zipkin") {
    const { dependencies: links } = await client.getJson<ZipkinDependencyListJson>(
      "/api/v1/dependencies",
      parameters,
    );
    const shown = links.map(({ parent, child, ...counts }) => ({
      fromService: parent,
      toService: child,
      ...counts,
    }));
    return show(context, flags, { shown, lines: links });
  }
  const { dependencies: links } = await client.getJson<DependencyListJson>(
    "/api/v1/dependencies",
    parameters,
  );
  return show(context, flags, { shown: links, lines: links });
}

function show(
  context: CliContext,
  flags: DependencyFlags,
  { shown, lines }: { readonly shown: readonly ShownLink[]; readonly lines: readonly object[] },
): boolean {
  if (shown.length === 0) return false;
  if (flags.format === "dot") context.stdout.write(dotFromLinks(shown));
  else if (isForPeople(context, flags)) {
    context.stdout.write(renderTable(columnsFor(context, flags), shown, styleOf(context)));
  } else writeJsonLines(context, lines);
  return true;
}
