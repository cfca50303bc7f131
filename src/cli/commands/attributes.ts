/** `tracagg attributes`: which attributes occur, and which values one has. */

import type {
  AttributeKeyJson,
  AttributeListJson,
  AttributeValueFactsJson,
  AttributeValueListJson,
} from "../../api/attribute-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { RangeFlags } from "../filter-flags.ts";
import { addRangeFlags, countArgument, rangeParameters } from "../filter-flags.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface AttributeFlags extends RangeFlags, ServerFlags {
  readonly level?: string;
  readonly where?: string;
  readonly prefix?: string;
  readonly limit: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

/** Adds `attributes`. */
export const addAttributes: AddCommand = (program, run) => {
  const command = program
    .command("attributes [key]")
    .summary("list attributes, or the values of one")
    .description(
      "Lists the attributes that occur, most spans first, or the values of one, the most frequent first; --json gives " +
        "one a line.",
    )
    .option(
      "--level <level>",
      "span, resource, event, link, instrumentation or intrinsic (span:name, trace:rootName, ...)",
    )
    .option("--where <query>", "only on spans that match a filter in TraceQL")
    .option("--prefix <text>", "only what begins with this, whatever its case")
    .option(
      "--limit <count>",
      `most entries listed (default ${DEFAULT_LIMIT})`,
      countArgument(MAX_LIMIT),
      DEFAULT_LIMIT,
    );
  addServerFlags(addRangeFlags(command))
    .addHelpText(
      "after",
      "\nExamples:\n  $ tracagg attributes --level span --since 1h" +
        "\n  $ tracagg attributes http.route --where '{ resource.service.name = \"checkout\" }'",
    )
    .action(
      run((context, key: string | undefined, flags: AttributeFlags) => attributes(context, key, flags)),
    );
};

const KEY_COLUMNS: readonly Column<AttributeKeyJson>[] = [
  { title: "ATTRIBUTE", cell: ({ key }) => key },
  { title: "LEVEL", cell: ({ level }) => level },
  { title: "TYPES", cell: ({ types }) => types.join(" ") },
  { title: "COUNT", cell: ({ count }) => String(count), side: "right" },
];

const VALUE_COLUMNS: readonly Column<AttributeValueFactsJson>[] = [
  { title: "VALUE", cell: ({ value }) => value },
  { title: "TYPE", cell: ({ type }) => type },
  { title: "COUNT", cell: ({ count }) => String(count), side: "right" },
];

async function attributes(
  context: CliContext,
  key: string | undefined,
  flags: AttributeFlags,
): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const parameters = {
    level: flags.level,
    q: flags.where,
    prefix: flags.prefix,
    limit: String(flags.limit),
    ...rangeParameters(flags),
  };
  if (key === undefined) {
    const answer = await client.getJson<AttributeListJson>("/api/v1/attributes", parameters);
    return list(context, flags, KEY_COLUMNS, answer.attributes, answer);
  }
  const answer = await client.getJson<AttributeValueListJson>("/api/v1/attributes/values", {
    ...parameters,
    key,
  });
  return list(context, flags, VALUE_COLUMNS, answer.values, answer);
}

function list<Row>(
  context: CliContext,
  flags: AttributeFlags,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { isWhole }: { readonly isWhole: boolean },
): ExitCode {
  if (rows.length === 0) {
    context.stderr.write("no such attribute, or no values that are listed\n");
    return ExitCode.FAILED;
  }
  if (!isForPeople(context, flags)) {
    writeJsonLines(context, rows);
    return ExitCode.OK;
  }
  context.stdout.write(renderTable(columns, rows, styleOf(context)));
  if (!isWhole) context.stderr.write("there may be others, and counts may be too low: a bound was reached\n");
  return ExitCode.OK;
}
