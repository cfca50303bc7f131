/** Answers of the legacy API: an envelope round what was asked for, indented when that is asked for. */

import type { Reply } from "../endpoint.ts";
import { JSON_TYPE } from "../endpoint.ts";
import type { ForeignRequest } from "../foreign-api.ts";
import { indentedJson } from "./indented-json.ts";

/** One error in an envelope. */
export interface LegacyError {
  /** HTTP status, where it is one of the whole answer. */
  readonly code?: number;
  readonly msg: string;
  /** As Jaeger prints ids. */
  readonly traceID?: string;
}

/** The envelope of an error, as a line of plain text. */
export function errorText(error: LegacyError): string {
  return `${JSON.stringify({ data: null, total: 0, limit: 0, offset: 0, errors: [error] })}\n`;
}

/** An answer in the envelope. */
export function envelopeReply(
  request: Pick<ForeignRequest, "search">,
  data: unknown,
  more: { readonly total?: number; readonly errors?: readonly LegacyError[] } = {},
): Reply {
  const { total = 0, errors = null } = more;
  return jsonTextReply(request, [JSON.stringify({ data, total, limit: 0, offset: 0, errors })]);
}

/** An answer without an envelope. */
export function bareReply(request: Pick<ForeignRequest, "search">, body: object): Reply {
  return jsonTextReply(request, [JSON.stringify(body)]);
}

/** An answer of traces, each in pieces that are made as it is written. */
export function tracesReply(
  request: Pick<ForeignRequest, "search">,
  traces: Iterable<Iterable<string>>,
  errors: readonly LegacyError[] = [],
): Reply {
  return jsonTextReply(request, tracesText(traces, errors));
}

function* tracesText(
  traces: Iterable<Iterable<string>>,
  errors: readonly LegacyError[],
): Generator<string, void> {
  yield '{"data":[';
  let separator = "";
  for (const trace of traces) {
    yield separator;
    yield* trace;
    separator = ",";
  }
  yield `],"total":0,"limit":0,"offset":0,"errors":${errors.length === 0 ? "null" : JSON.stringify(errors)}}`;
}

function jsonTextReply({ search }: Pick<ForeignRequest, "search">, chunks: Iterable<string>): Reply {
  const pretty = search.get("prettyPrint") ?? "";
  const isIndented = pretty !== "" && pretty !== "false";
  return { status: 200, contentType: JSON_TYPE, chunks: isIndented ? indentedJson(chunks) : chunks };
}
