/** Refusals as Tempo's clients know them: a line of plain text, and statuses of its own for a few codes. */

import type { ErrorCode } from "../../base/errors.ts";
import { TracAggError } from "../../base/errors.ts";

/** Where Tempo says something else than the native API: a trace too large to give, and a full queue. */
const HTTP_STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = Object.freeze({
  too_large: 422,
  overloaded: 429,
});

/** RESOURCE_EXHAUSTED: what its gRPC clients read as "come again later". */
const GRPC_STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = Object.freeze({ overloaded: 8 });

/** HTTP status of an error on the Tempo API. */
export function tempoHttpStatus({ code, meaning }: TracAggError): number {
  return HTTP_STATUSES[code] ?? meaning.httpStatus;
}

/** gRPC status of an error on the Tempo API. */
export function tempoGrpcStatus({ code, meaning }: TracAggError): number {
  return GRPC_STATUSES[code] ?? meaning.grpcStatus;
}

/** An `invalid_argument` with a message as Tempo words it. */
export function badRequest(message: string, field?: string): TracAggError {
  return new TracAggError("invalid_argument", message, field === undefined ? {} : { field });
}
