/** `tracagg services`: who sent spans, and which operations they have. */

import type { OperationJson, OperationListJson, ServiceListJson } from "../../api/contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

/** Adds `services`. */
export const addServices: AddCommand = (program, run) => {
  const command = program
    .command("services [service]")
    .summary("list services, or the operations of one")
    .description('Lists services ({"service"} a line), or the operations of one ({"name", "kind"} a line).');
  addServerFlags(command)
    .addHelpText("after", "\nExample:\n  $ tracagg services checkout")
    .action(
      run((context, service: string | undefined, flags: ServerFlags) => services(context, service, flags)),
    );
};

const SERVICE_COLUMNS: readonly Column<{ readonly service: string }>[] = [
  { title: "SERVICE", cell: (row) => row.service },
];

const OPERATION_COLUMNS: readonly Column<OperationJson>[] = [
  { title: "OPERATION", cell: (operation) => operation.name },
  { title: "KIND", cell: (operation) => operation.kind },
];

async function services(
  context: CliContext,
  service: string | undefined,
  flags: ServerFlags,
): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  if (service !== undefined) {
    const { operations } = await client.getJson<OperationListJson>("/api/v1/operations", { service });
    return list(context, flags, OPERATION_COLUMNS, operations, `no spans of service "${service}"`);
  }
  const answer = await client.getJson<ServiceListJson>("/api/v1/services");
  const rows = answer.services.map((name) => ({ service: name }));
  return list(context, flags, SERVICE_COLUMNS, rows, "no spans yet: run `tracagg demo`");
}

function list<Row>(
  context: CliContext,
  flags: ServerFlags,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  whenEmpty: string,
): ExitCode {
  if (rows.length === 0) {
    context.stderr.write(`${whenEmpty}\n`);
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) context.stdout.write(renderTable(columns, rows, styleOf(context)));
  else writeJsonLines(context, rows);
  return ExitCode.OK;
}
