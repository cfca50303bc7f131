/** `/api/metrics/query_range` and `/api/metrics/query`, and the streamed calls of the same. */

import type { Queries } from "../../query/queries.ts";
import type { SeriesAnswer, SeriesRequest } from "../../query/query-series.ts";
import type { Reply } from "../endpoint.ts";
import { jsonChunksReply } from "../endpoint.ts";
import type { StreamedCall } from "../grpc-calls.ts";
import { sendPieces } from "./message-pieces.ts";
import type { SeriesForm } from "./metrics-answer.ts";
import { seriesEndBytes, seriesJsonChunks, seriesPieces } from "./metrics-answer.ts";
import {
  instantFromMessage,
  instantFromParameters,
  rangeFromMessage,
  rangeFromParameters,
} from "./metrics-request.ts";
import { TEMPO_MEDIA_TYPES } from "./tempo-parameters.ts";
import type { TempoRequest, TempoRoute } from "./tempo-route.ts";

/** Routes of functions over time. */
export function metricsRoutes(queries: Queries): readonly TempoRoute[] {
  const route = (
    path: string,
    form: SeriesForm,
    requestFrom: (search: URLSearchParams) => SeriesRequest,
  ): TempoRoute => ({
    method: "GET",
    path,
    reply: async (request: TempoRequest) =>
      seriesReply(await queries.querySeries(requestFrom(request.search), request.caller), form, request),
  });
  return [
    route("/api/metrics/query_range", "range", rangeFromParameters),
    route("/api/metrics/query", "instant", instantFromParameters),
  ];
}

function seriesReply(answer: SeriesAnswer, form: SeriesForm, request: TempoRequest): Reply {
  if (request.form !== "protobuf") return jsonChunksReply(seriesJsonChunks(answer, form));
  return { status: 200, contentType: TEMPO_MEDIA_TYPES.protobuf, chunks: messageChunks(answer, form) };
}

function* messageChunks(answer: SeriesAnswer, form: SeriesForm): Generator<Uint8Array, void> {
  yield* seriesPieces(answer, form);
  yield seriesEndBytes(answer);
}

/**
 * Answers `StreamingQuerier.MetricsQueryRange`: each series once, as many in a message as fit.
 *
 * @throws TracAggError as the query does
 */
export async function streamMetricsRange(queries: Queries, call: StreamedCall): Promise<void> {
  await sendSeries(call, await queries.querySeries(rangeFromMessage(call.request), call.caller), "range");
}

/**
 * Answers `StreamingQuerier.MetricsQueryInstant`.
 *
 * @throws TracAggError as the query does
 */
export async function streamMetricsInstant(queries: Queries, call: StreamedCall): Promise<void> {
  await sendSeries(call, await queries.querySeries(instantFromMessage(call.request), call.caller), "instant");
}

async function sendSeries({ send }: StreamedCall, answer: SeriesAnswer, form: SeriesForm): Promise<void> {
  await sendPieces(send, seriesPieces(answer, form), seriesEndBytes(answer));
}
