/** `StreamingQuerier.Search`: traces as they are found, then the numbers of the whole search. */

import type { FoundPart } from "../../query/find-traceql.ts";
import type { FoundTrace } from "../../query/found-traces.ts";
import type { Queries } from "../../query/queries.ts";
import type { SendMessage, StreamedCall } from "../grpc-calls.ts";
import { MAX_MESSAGE_BYTES } from "./message-pieces.ts";
import { foundTraceBytes, searchMetricsBytes } from "./search-answer.ts";
import { searchFromMessage } from "./search-request.ts";

/**
 * Answers a call.
 *
 * @throws TracAggError as the search does
 */
export async function streamSearch(queries: Queries, { request, send, caller }: StreamedCall): Promise<void> {
  const onPart = (part: FoundPart): Promise<void> => sendPart(part, send);
  const { counts } = await queries.findTraceQl({ ...searchFromMessage(request), onPart }, caller);
  await send(searchMetricsBytes({ counts, isDone: true }));
}

async function sendPart({ traces, counts }: FoundPart, send: SendMessage): Promise<void> {
  const metrics = searchMetricsBytes({ counts, isDone: false });
  let pieces: Uint8Array[] = [];
  let bytes = metrics.length;
  for (const trace of traces) {
    const piece = fittingBytes(trace, MAX_MESSAGE_BYTES - metrics.length);
    if (pieces.length > 0 && bytes + piece.length > MAX_MESSAGE_BYTES) {
      await send(Buffer.concat([...pieces, metrics]));
      pieces = [];
      bytes = metrics.length;
    }
    pieces.push(piece);
    bytes += piece.length;
  }
  await send(Buffer.concat([...pieces, metrics]));
}

/** A trace with as many of its spans as fit into one message: half of them, half of those, none. */
function fittingBytes(trace: FoundTrace, maxBytes: number): Uint8Array {
  let shown = trace;
  let most = Math.max(0, ...trace.spansets.map(({ spans }) => spans.length));
  for (;;) {
    const bytes = foundTraceBytes(shown);
    if (bytes.length <= maxBytes || most === 0) return bytes;
    const fewer = Math.floor(most / 2);
    most = fewer;
    shown = {
      ...trace,
      spansets: trace.spansets.map((spanset) => ({ ...spanset, spans: spanset.spans.slice(0, fewer) })),
    };
  }
}
