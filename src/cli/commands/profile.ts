/** `tracagg profile`: where the time of many traces goes, by call path. */

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import type { ProfileJson, ProfileNodeJson } from "../../api/profile-contract.ts";
import { TracAggError } from "../../base/errors.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { ClockFlags } from "../clock-flag.ts";
import { addClockFlag } from "../clock-flag.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { FilterFlags } from "../filter-flags.ts";
import { addFilterFlags, filterParameters } from "../filter-flags.ts";
import { countText, durationText, percentText } from "../render/quantities.ts";
import { styleOf } from "../render/style.ts";
import type { Column } from "../render/table.ts";
import { renderTable } from "../render/table.ts";

interface ProfileFlags extends FilterFlags, ServerFlags, ClockFlags {
  readonly format?: "folded" | "speedscope" | "pprof";
  readonly out?: string;
}

/** Call paths in the table; more are in the JSON. */
const MAX_SHOWN_PATHS = 40;

/** Adds `profile`. */
export const addProfile: AddCommand = (program, run) => {
  const command: Command = program
    .command("profile")
    .summary("show where the time of many traces goes")
    .description(
      "Adds the critical paths of the traces that match up by call path; --json gives the whole answer. " +
        "--format writes a file for a profile viewer.",
    )
    .addOption(
      new Option("--format <format>", "folded stacks, or a file for speedscope or pprof").choices([
        "folded",
        "speedscope",
        "pprof",
      ]),
    )
    .option("-o, --out <file>", "write to a file");
  addServerFlags(addClockFlag(addFilterFlags(command)))
    .addHelpText(
      "after",
      "\nExamples:\n  $ tracagg profile --service checkout --since 1h\n" +
        "  $ tracagg profile --service checkout --format pprof --out checkout.pb.gz && go tool pprof -http : checkout.pb.gz",
    )
    .action(run((context, flags: ProfileFlags) => profile(context, flags)));
};

async function profile(context: CliContext, flags: ProfileFlags): Promise<ExitCode> {
  if (flags.format !== undefined) return await writeProfile(context, flags, flags.format);
  const client = createApiClient(context, flags);
  const forPeople = isForPeople(context, flags) && flags.out === undefined;
  const maxNodes = forPeople ? { maxNodes: String(MAX_SHOWN_PATHS) } : {};
  const parameters = { ...filterParameters(flags), clock: flags.clock, ...maxNodes };
  const answer = await client.getJson<ProfileJson>("/api/v1/profile", parameters);
  if (answer.traceCount === 0) return nothingFound(context);
  if (flags.out !== undefined) {
    return await toFile(context, flags, flags.out, new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
  }
  if (forPeople) context.stdout.write(tableOf(answer, context));
  else writeJsonLines(context, [answer]);
  return ExitCode.OK;
}

async function writeProfile(
  context: CliContext,
  flags: ProfileFlags,
  format: "folded" | "speedscope" | "pprof",
): Promise<ExitCode> {
  if (format === "pprof" && flags.out === undefined) {
    throw new TracAggError(
      "invalid_argument",
      "--format pprof writes bytes: name a file for them with --out",
    );
  }
  const client = createApiClient(context, flags);
  const bytes = await client.getBytes("/api/v1/profile", {
    ...filterParameters(flags),
    clock: flags.clock,
    format,
  });
  if (flags.out !== undefined) return await toFile(context, flags, flags.out, bytes);
  const text = new TextDecoder().decode(bytes);
  context.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return ExitCode.OK;
}

async function toFile(
  context: CliContext,
  flags: ProfileFlags,
  file: string,
  bytes: Uint8Array,
): Promise<ExitCode> {
  try {
    await writeFile(resolve(context.cwd, file), bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new TracAggError("failed_precondition", `cannot write ${file}: ${message}`, { cause: error });
  }
  if (isForPeople(context, flags))
    context.stdout.write(`wrote ${countText(bytes.length, "byte")} to ${file}\n`);
  else writeJsonLines(context, [{ file, bytes: bytes.length }]);
  return ExitCode.OK;
}

function nothingFound(context: CliContext): ExitCode {
  context.stderr.write("no trace matches\n");
  return ExitCode.FAILED;
}

/** A call path and how deep it lies. */
interface PathRow {
  readonly node: ProfileNodeJson;
  readonly depth: number;
  readonly whole: number;
}

const PATH_COLUMNS: readonly Column<PathRow>[] = [
  {
    title: "TOTAL",
    cell: ({ node, whole }) => percentText(whole === 0 ? 0 : (Number(node.valueNanos) / whole) * 100),
    side: "right",
  },
  { title: "SELF", cell: ({ node }) => percentText(node.share * 100), side: "right" },
  { title: "P95 SELF", cell: ({ node }) => durationText(Number(node.p95SelfNanos) / 1e6), side: "right" },
  { title: "SPANS", cell: ({ node }) => Math.round(node.spanCount).toLocaleString("en-US"), side: "right" },
  { title: "CALL PATH", cell: ({ node, depth }) => `${"  ".repeat(depth)}${node.name}` },
];

function tableOf(answer: ProfileJson, context: CliContext): string {
  const whole = Number(answer.valueNanos);
  const rows = rowsOf(answer.roots, 0, whole);
  const note = answer.truncated ? " (the newest of more)" : "";
  const omitted =
    answer.omittedCount > 0 ? `, ${countText(answer.omittedCount, "narrower call path")} left out` : "";
  const head = `${countText(answer.traceCount, "trace")}${note}, critical paths of ${durationText(whole / 1e6)}${omitted}`;
  return `${head}\n\n${renderTable(PATH_COLUMNS, rows, styleOf(context))}`;
}

/** At most 64 levels. */
function rowsOf(nodes: readonly ProfileNodeJson[], depth: number, whole: number): PathRow[] {
  return nodes.flatMap((node) => [{ node, depth, whole }, ...rowsOf(node.children, depth + 1, whole)]);
}
