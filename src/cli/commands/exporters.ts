/** `tracagg exporters`: where spans are sent on to, and how far that is. */

import type { ExporterJson, ExporterListJson } from "../../api/exporter-contract.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

/** Adds `exporters`. */
export const addExporters: AddCommand = (program, run) => {
  const command = program
    .command("exporters")
    .summary("show where spans are sent on to, and how far that is")
    .description(
      "Shows every exporter of the server: spans sent, refused and dropped, and what is still to send.",
    );
  addServerFlags(command)
    .addHelpText("after", "\nExample:\n  $ tracagg exporters")
    .action(run((context, flags: ServerFlags) => exporters(context, flags)));
};

function dropped({ droppedSpans }: ExporterJson): number {
  return droppedSpans.refused + droppedSpans.behind;
}

const COLUMNS: readonly Column<ExporterJson>[] = [
  { title: "EXPORTER", cell: (exporter) => exporter.name },
  { title: "PROTOCOL", cell: (exporter) => exporter.protocol },
  { title: "TO", cell: (exporter) => exporter.target },
  { title: "STATE", cell: (exporter) => exporter.state },
  { title: "SENT", side: "right", cell: (exporter) => String(exporter.sentSpans) },
  { title: "REFUSED", side: "right", cell: (exporter) => String(exporter.refusedSpans) },
  { title: "DROPPED", side: "right", cell: (exporter) => String(dropped(exporter)) },
  { title: "RETRIES", side: "right", cell: (exporter) => String(exporter.retries) },
  {
    title: "BEHIND",
    side: "right",
    cell: ({ lag }) => (lag.records === 0 ? "" : `${lag.seconds.toFixed(0)} s`),
  },
  { title: "LAST ERROR", cell: ({ lastError }) => lastError?.message ?? "" },
];

async function exporters(context: CliContext, flags: ServerFlags): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const { exporters: rows } = await client.getJson<ExporterListJson>("/api/v1/exporters");
  if (rows.length === 0) {
    context.stderr.write("no exporter is configured: see export.push in the configuration reference\n");
    return ExitCode.FAILED;
  }
  if (isForPeople(context, flags)) context.stdout.write(renderTable(COLUMNS, rows, styleOf(context)));
  else writeJsonLines(context, rows);
  return ExitCode.OK;
}
