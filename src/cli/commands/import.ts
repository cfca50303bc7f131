/** `tracagg import <file>`: sends the spans of a file to a server. */

import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import type { ServerFlags } from "../api-client.ts";
import { addServerFlags, createApiClient } from "../api-client.ts";
import type { CliContext } from "../cli-context.ts";
import { isForPeople, writeJsonLines } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { inputLines } from "../import/input-lines.ts";
import type { RequestBatch } from "../import/request-batches.ts";
import { joinedBatches, requestBatches } from "../import/request-batches.ts";
import type { TraceDocument } from "../import/trace-documents.ts";
import { traceDocuments } from "../import/trace-documents.ts";
import { addEndpointFlag, createOtlpSender, otlpEndpoint } from "../otlp-sender.ts";
import { countText } from "../render/quantities.ts";

interface ImportFlags extends ServerFlags {
  readonly endpoint?: string;
}

/** Adds `import`. */
export const addImport: AddCommand = (program, run) => {
  const command = program
    .command("import <file>")
    .summary("send the spans of a file")
    .description(
      "Sends the spans of a file (- is standard input) to a server. OTLP/JSON lines, Jaeger JSON and Zipkin v2 JSON are told apart, and so is gzip.",
    );
  addEndpointFlag(addServerFlags(command))
    .addHelpText("after", "\nExample:\n  $ tracagg import traces.jsonl")
    .action(run((context, file: string, flags: ImportFlags) => importFile(context, file, flags)));
};

/** Reading errors reject, which `node:readline` would not do. */
function linesOf(context: CliContext, file: string): AsyncGenerator<string> {
  const isPipe = file === "-";
  const input: Readable = isPipe ? process.stdin : createReadStream(resolve(context.cwd, file));
  return inputLines(input, isPipe ? "standard input" : file);
}

/** Names the file in what is wrong with its text. */
async function* documentsOf(context: CliContext, file: string): AsyncGenerator<TraceDocument> {
  try {
    yield* traceDocuments(linesOf(context, file));
  } catch (thrown) {
    const { code, message } = errorFrom(thrown);
    const named = message.includes(file) || file === "-" ? message : `${file}, ${message}`;
    throw new TracAggError(code, named, { cause: thrown });
  }
}

async function* batchesOf(context: CliContext, file: string): AsyncGenerator<RequestBatch> {
  const decoder = new OtlpRequestDecoder();
  for await (const document of documentsOf(context, file)) {
    try {
      yield* requestBatches(decoder, document);
    } catch (thrown) {
      const message = `${file}, document at line ${document.line}: ${errorFrom(thrown).message}`;
      throw new TracAggError("failed_precondition", message, { cause: thrown });
    }
  }
}

interface Counts {
  requests: number;
  spans: number;
  refused: number;
  refusal: string;
}

/** A line that replaces itself, on a terminal only. */
function showProgress(context: CliContext, counts: Counts): void {
  if (context.stderr.isTTY === true) context.stderr.write(`\r${countText(counts.spans, "span")} sent`);
}

async function importFile(context: CliContext, file: string, flags: ImportFlags): Promise<ExitCode> {
  const endpoint = flags.endpoint ?? (await otlpEndpoint(createApiClient(context, flags)));
  const sender = createOtlpSender(context, endpoint);
  const counts: Counts = { requests: 0, spans: 0, refused: 0, refusal: "" };
  for await (const batch of joinedBatches(batchesOf(context, file))) {
    const isEmpty = batch.spanCount === 0;
    const answer = isEmpty ? { rejectedSpans: 0, errorMessage: "" } : await sender.send(batch.payload);
    if (!isEmpty) counts.requests++;
    counts.spans += batch.spanCount - answer.rejectedSpans;
    counts.refused += batch.refusedSpans + answer.rejectedSpans;
    counts.refusal ||= batch.refusal || answer.errorMessage;
    showProgress(context, counts);
  }
  return report(context, file, flags, counts);
}

function report(context: CliContext, file: string, flags: ImportFlags, counts: Counts): ExitCode {
  if (context.stderr.isTTY === true) context.stderr.write("\r\u001b[K");
  const { requests, spans, refused, refusal } = counts;
  if (refused > 0) context.stderr.write(`${countText(refused, "span")} refused: ${refusal}\n`);
  if (isForPeople(context, flags)) {
    context.stdout.write(
      `imported ${countText(spans, "span")} from ${file} in ${countText(requests, "request")}\n`,
    );
  } else writeJsonLines(context, [{ file, spans, refused, requests }]);
  return spans > 0 && refused === 0 ? ExitCode.OK : ExitCode.FAILED;
}
