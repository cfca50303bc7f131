/** `tracagg export`: traces in the formats of other programs. */

import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import { Option } from "commander";
import { TracAggError } from "../../base/errors.ts";
import type { ApiClient, ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { FilterFlags } from "../filter-flags.ts";
import { addFilterFlags, countArgument, filterParameters } from "../filter-flags.ts";
import { countText } from "../render/quantities.ts";
import { matchingTraces } from "../trace-pages.ts";

type ExportFormat = "otlp" | "jaeger" | "zipkin";

interface ExportFlags extends FilterFlags, ServerFlags {
  readonly format: ExportFormat;
  readonly output?: string;
  readonly limit: number;
}

const DEFAULT_LIMIT = 1_000;
const MAX_LIMIT = 1_000_000;

/** Adds `export`. */
export const addExport: AddCommand = (program, run) => {
  const command: Command = program
    .command("export [traceId]")
    .summary("write traces as OTLP, Jaeger or Zipkin JSON")
    .description(
      "Writes one trace, or every trace that matches: OTLP/JSON one trace a line, Jaeger and Zipkin one document.",
    )
    .addOption(
      new Option("--format <format>", "format of the output")
        .choices(["otlp", "jaeger", "zipkin"])
        .default("otlp"),
    )
    .option("-o, --output <file>", "write to a file and count on standard output")
    .option(
      "--limit <count>",
      `most traces written (default ${DEFAULT_LIMIT})`,
      countArgument(MAX_LIMIT),
      DEFAULT_LIMIT,
    );
  addServerFlags(addFilterFlags(command))
    .addHelpText(
      "after",
      "\nExamples:\n  $ tracagg export 4bf92f3577b34da6a3ce929d0e0e4736 --format jaeger > trace.json\n" +
        "  $ tracagg export --service checkout --since 1h -o traces.jsonl",
    )
    .action(
      run((context, traceId: string | undefined, flags: ExportFlags) =>
        exportTraces(context, traceId, flags),
      ),
    );
};

/** How traces of one format become one text. */
interface Frame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
  /** The part of an answer that stands between the others. */
  readonly part: (answer: string) => string;
}

const JAEGER_HEAD = '{"data":[';
const JAEGER_TAIL = '],"total":0,"limit":0,"offset":0,"errors":null}';

/** The trace inside Jaeger's envelope, as text: numbers beyond 2^53 would not survive being parsed. */
function jaegerPart(answer: string): string {
  if (!answer.startsWith(JAEGER_HEAD) || !answer.endsWith(JAEGER_TAIL)) {
    throw new TracAggError(
      "failed_precondition",
      "the server's Jaeger answer has another shape; update tracagg",
    );
  }
  return answer.slice(JAEGER_HEAD.length, -JAEGER_TAIL.length);
}

const FRAMES: Readonly<Record<ExportFormat, Frame>> = Object.freeze({
  otlp: { before: "", between: "\n", after: "\n", part: (answer: string) => answer },
  jaeger: { before: JAEGER_HEAD, between: ",", after: `${JAEGER_TAIL}\n`, part: jaegerPart },
  zipkin: { before: "[", between: ",", after: "]\n", part: (answer: string) => answer },
});

async function* traceIds(client: ApiClient, flags: ExportFlags): AsyncGenerator<string> {
  for await (const trace of matchingTraces(client, filterParameters(flags), flags.limit)) yield trace.traceId;
}

/** Where the text goes; waits while the reader is slower. */
interface Sink {
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

function fileSink(path: string): Sink {
  const stream = createWriteStream(path);
  const whenDone = finished(stream);
  const done = whenDone.catch((error: Error) => {
    throw new TracAggError("failed_precondition", `cannot write ${path}: ${error.message}`, { cause: error });
  });
  // Reported by write and close; without this an early failure would end the process.
  done.catch(() => {});
  return {
    write: async (text) => {
      const written = new Promise<void>((resolveWrite) => stream.write(text, () => resolveWrite()));
      await Promise.race([written, done]);
      if (stream.errored !== null) await done;
    },
    close: async () => {
      stream.end();
      await done;
    },
  };
}

function stdoutSink(context: CliContext): Sink {
  return {
    write: (text) => {
      context.stdout.write(text);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

async function exportTraces(
  context: CliContext,
  traceId: string | undefined,
  flags: ExportFlags,
): Promise<ExitCode> {
  const client = createApiClient(context, flags);
  const textOf = (id: string): Promise<string> =>
    client.getText(`/api/v1/traces/${encodeURIComponent(id)}`, { format: flags.format });
  if (traceId !== undefined) return writeAll(context, flags, [await textOf(traceId)], true);
  async function* answers(): AsyncGenerator<string> {
    for await (const id of traceIds(client, flags)) yield await textOf(id);
  }
  return writeAll(context, flags, answers(), false);
}

/** Nothing is written, and no file made, before the first trace has come. */
async function writeAll(
  context: CliContext,
  flags: ExportFlags,
  answers: AsyncIterable<string> | Iterable<string>,
  isSingle: boolean,
): Promise<ExitCode> {
  const frame = isSingle ? FRAMES.otlp : FRAMES[flags.format];
  let sink: Sink | undefined;
  let count = 0;
  for await (const answer of answers) {
    const part = frame.part(answer);
    sink ??= flags.output === undefined ? stdoutSink(context) : fileSink(resolve(context.cwd, flags.output));
    await sink.write((count === 0 ? frame.before : frame.between) + part);
    count++;
  }
  if (sink === undefined) {
    context.stderr.write("no trace matches\n");
    return ExitCode.FAILED;
  }
  await sink.write(frame.after);
  await sink.close();
  if (flags.output !== undefined) reportFile(context, flags, flags.output, count);
  return ExitCode.OK;
}

function reportFile(context: CliContext, flags: ExportFlags, file: string, traces: number): void {
  if (flags.json === true || context.stdout.isTTY !== true) writeJsonLines(context, [{ file, traces }]);
  else context.stdout.write(`wrote ${countText(traces, "trace")} to ${file}\n`);
}
