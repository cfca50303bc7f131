/** The program: its commands, and how their results become exit codes. */

import { Command, CommanderError } from "commander";
import { errorFrom } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { VERSION } from "../version.ts";
import type { CliContext } from "./cli-context.ts";
import type { ActionOf, AddCommand } from "./command.ts";
import { addAttributes } from "./commands/attributes.ts";
import { addBench } from "./commands/bench.ts";
import { addBottlenecks } from "./commands/bottlenecks.ts";
import { addCompare } from "./commands/compare.ts";
import { addConfig } from "./commands/config.ts";
import { addCriticalPath } from "./commands/critical-path.ts";
import { addDemo } from "./commands/demo.ts";
import { addDependencies } from "./commands/dependencies.ts";
import { addExport } from "./commands/export.ts";
import { addExporters } from "./commands/exporters.ts";
import { addFindings } from "./commands/findings.ts";
import { addGraph } from "./commands/graph.ts";
import { addImport } from "./commands/import.ts";
import { addProfile } from "./commands/profile.ts";
import { addQuery } from "./commands/query.ts";
import { addRed } from "./commands/red.ts";
import { addSearch } from "./commands/search.ts";
import { addServices } from "./commands/services.ts";
import { addStart } from "./commands/start.ts";
import { addStats } from "./commands/stats.ts";
import { addTopology } from "./commands/topology.ts";
import { addTrace } from "./commands/trace.ts";
import { addWhatIf } from "./commands/what-if.ts";
import { ExitCode, exitCodeOf } from "./exit-code.ts";

const COMMANDS: readonly AddCommand[] = [
  addStart,
  addDemo,
  addSearch,
  addQuery,
  addTrace,
  addServices,
  addAttributes,
  addDependencies,
  addGraph,
  addTopology,
  addRed,
  addCriticalPath,
  addFindings,
  addWhatIf,
  addCompare,
  addStats,
  addProfile,
  addBottlenecks,
  addExport,
  addExporters,
  addImport,
  addBench,
  addConfig,
];

const EXIT_CODES =
  "\nExit codes: 0 found or done, 1 nothing found or failed, 2 wrong usage, 3 no server answers.";

function buildProgram(context: CliContext, run: ActionOf): Command {
  const program = new Command("tracagg")
    .description("Takes OpenTelemetry traces in, keeps them, and answers what they mean.")
    .version(VERSION)
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: false })
    .addHelpText("after", EXIT_CODES);
  for (const addCommand of COMMANDS) addCommand(program, run);
  for (const command of [program, ...program.commands.flatMap((child) => [child, ...child.commands])]) {
    command
      .exitOverride()
      .showHelpAfterError("(add --help for the options and an example)")
      .configureOutput({
        writeOut: (text) => void context.stdout.write(text),
        writeErr: (text) => void context.stderr.write(text),
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }
  return program;
}

/** The bare program starts a server, so commander would take a mistyped command for an argument of `start`. */
function unknownCommand(program: Command, given: readonly string[]): string | undefined {
  const name = given[0];
  const names = program.commands.map((command) => command.name());
  if (name === undefined || name.startsWith("-") || name === "help" || names.includes(name)) return undefined;
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `known: ${names.join(", ")}` : `did you mean "${nearest}"?`;
  return `unknown command "${name}"; ${hint}`;
}

function report(context: CliContext, thrown: unknown): ExitCode {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  const error = errorFrom(thrown);
  context.stderr.write(`tracagg: ${error.message}\n`);
  if (error.code === "internal" && context.env["TRACAGG_DEBUG"] !== undefined) {
    context.stderr.write(`${error.stack ?? ""}\n`);
  }
  return exitCodeOf(error);
}

/**
 * Runs one command.
 *
 * @param given - the command line without `node` and the program.
 * @returns the exit code.
 */
export async function runCli(given: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.OK;
  const run: ActionOf =
    (handle) =>
    async (...argumentsGiven) => {
      exitCode = await handle(context, ...argumentsGiven);
    };
  const program = buildProgram(context, run);
  const problem = unknownCommand(program, given);
  if (problem !== undefined) {
    context.stderr.write(`tracagg: ${problem}\n`);
    return ExitCode.USAGE;
  }
  try {
    await program.parseAsync(given, { from: "user" });
    return exitCode;
  } catch (thrown) {
    return report(context, thrown);
  }
}
