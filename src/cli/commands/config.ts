/** `tracagg config`: check the configuration, show where each value came from, print the reference page. */

import type { Command } from "commander";
import { errorFrom } from "../../base/errors.ts";
import type { ShownSetting } from "../../config/config-report.ts";
import { configReference, shownSettings } from "../../config/config-report.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import type { FlagValues } from "../config-flags.ts";
import { addConfigFlags, configFromFlags } from "../config-flags.ts";
import { ExitCode } from "../exit-code.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

/** Adds `config check`, `config show` and `config reference`. */
export const addConfig: AddCommand = (program, run) => {
  const group: Command = program
    .command("config")
    .description("Checks, shows and explains the configuration.");
  group
    .command("check [file]")
    .description("Says everything that is wrong with the configuration, with file, line and column.")
    .option("--json", 'print {"file", "ok", "problems", "warnings"} on one line')
    .addHelpText("after", "\nExample:\n  $ tracagg config check tracagg.yaml")
    .action(run((context, file: string | undefined, flags: CheckFlags) => check(context, file, flags)));
  const show = group
    .command("show")
    .description("Shows the value of every option, as tracagg start with the same flags would have it.")
    .option("--origin", "say where each value came from")
    .option("--json", "print JSON lines, as when the output goes to a pipe");
  addConfigFlags(show)
    .addHelpText("after", "\nExample:\n  $ tracagg config show --origin")
    .action(run((context, flags: FlagValues) => showConfig(context, flags)));
  group
    .command("reference")
    .description("Prints the reference page of all options, in Markdown.")
    .option("--json", 'print {"reference": "..."} on one line')
    .addHelpText("after", "\nExample:\n  $ tracagg config reference > configuration.md")
    .action(run((context, flags: { readonly json?: boolean }) => printReference(context, flags)));
};

interface CheckFlags {
  readonly json?: boolean;
}

interface CheckResult {
  readonly file: string | null;
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

function checked(context: CliContext, file: string | undefined): CheckResult {
  try {
    const loaded = configFromFlags(context, file === undefined ? {} : { config: file });
    return { file: loaded.file ?? null, ok: true, problems: [], warnings: loaded.warnings };
  } catch (thrown) {
    const error = errorFrom(thrown);
    if (error.code !== "invalid_argument") throw error;
    return { file: file ?? null, ok: false, problems: error.message.split("\n"), warnings: [] };
  }
}

function check(context: CliContext, file: string | undefined, flags: CheckFlags): Promise<ExitCode> {
  const result = checked(context, file);
  if (!isForPeople(context, flags)) writeJsonLines(context, [result]);
  else {
    const verdict = result.ok ? [`${result.file ?? "no configuration file"}: ok`] : [];
    const lines = [
      ...result.problems,
      ...result.warnings.map((warning) => `warning: ${warning}`),
      ...verdict,
    ];
    context.stdout.write(`${lines.join("\n")}\n`);
  }
  return Promise.resolve(result.ok ? ExitCode.OK : ExitCode.FAILED);
}

const VALUE_COLUMNS: readonly Column<ShownSetting>[] = [
  { title: "OPTION", cell: (setting) => setting.key },
  { title: "VALUE", cell: (setting) => setting.value },
];
const ORIGIN_COLUMN: Column<ShownSetting> = { title: "FROM", cell: (setting) => setting.origin };

function showConfig(context: CliContext, flags: FlagValues): Promise<ExitCode> {
  const settings = shownSettings(configFromFlags(context, flags));
  const withOrigin = flags["origin"] === true;
  if (isForPeople(context, { json: flags["json"] === true })) {
    const columns = withOrigin ? [...VALUE_COLUMNS, ORIGIN_COLUMN] : VALUE_COLUMNS;
    context.stdout.write(renderTable(columns, settings, styleOf(context)));
  } else {
    const rows = settings.map(({ key, value, origin }) =>
      withOrigin ? { key, value, origin } : { key, value },
    );
    writeJsonLines(context, rows);
  }
  return Promise.resolve(ExitCode.OK);
}

function printReference(context: CliContext, flags: { readonly json?: boolean }): Promise<ExitCode> {
  const reference = configReference();
  context.stdout.write(flags.json === true ? `${JSON.stringify({ reference })}\n` : reference);
  return Promise.resolve(ExitCode.OK);
}
