/** The one error class of TracAgg, its closed set of codes, and what each code means on the wire. */

/** gRPC status numbers used in {@link ERROR_TABLE} (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const GrpcStatus = Object.freeze({
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
});

/** What one error code means: for HTTP, for gRPC, and whether the same request may be sent again. */
export interface ErrorMeaning {
  readonly httpStatus: number;
  readonly grpcStatus: number;
  /** True when a client should send the same request again; such answers carry `Retry-After` / `RetryInfo`. */
  readonly retryable: boolean;
  readonly meaning: string;
}

/** The closed set of error codes. */
export type ErrorCode =
  | "invalid_argument"
  | "not_found"
  | "method_not_allowed"
  | "too_large"
  | "unsupported_media_type"
  | "rate_limited"
  | "overloaded"
  | "unavailable"
  | "unimplemented"
  | "deadline_exceeded"
  | "cancelled"
  | "failed_precondition"
  | "data_corrupt"
  | "internal";

/** Every code an error of TracAgg can carry; `docs/errors.md` lists the same rows. */
export const ERROR_TABLE: Readonly<Record<ErrorCode, ErrorMeaning>> = Object.freeze({
  invalid_argument: {
    httpStatus: 400,
    grpcStatus: GrpcStatus.INVALID_ARGUMENT,
    retryable: false,
    meaning:
      "The request or a value in it cannot be understood; the message says what was expected and where.",
  },
  not_found: {
    httpStatus: 404,
    grpcStatus: GrpcStatus.NOT_FOUND,
    retryable: false,
    meaning: "Nothing is stored under that id, or there is no such page.",
  },
  method_not_allowed: {
    httpStatus: 405,
    grpcStatus: GrpcStatus.UNIMPLEMENTED,
    retryable: false,
    meaning: "The path exists, but not for this HTTP method; `Allow` names the right ones.",
  },
  too_large: {
    httpStatus: 413,
    grpcStatus: GrpcStatus.RESOURCE_EXHAUSTED,
    retryable: false,
    meaning:
      "The request, counted after decompression, or what it asks for is over a size limit; send smaller batches, or ask for less.",
  },
  unsupported_media_type: {
    httpStatus: 415,
    grpcStatus: GrpcStatus.INVALID_ARGUMENT,
    retryable: false,
    meaning: "The content type or content encoding is not one TracAgg reads.",
  },
  rate_limited: {
    httpStatus: 429,
    grpcStatus: GrpcStatus.RESOURCE_EXHAUSTED,
    retryable: true,
    meaning: "The sender is over its rate; send again after the delay given.",
  },
  overloaded: {
    httpStatus: 503,
    grpcStatus: GrpcStatus.UNAVAILABLE,
    retryable: true,
    meaning: "More is in flight than the limits allow; send again after the delay given.",
  },
  unavailable: {
    httpStatus: 503,
    grpcStatus: GrpcStatus.UNAVAILABLE,
    retryable: true,
    meaning: "Writing is not possible right now (disk full, starting or shutting down); send again later.",
  },
  unimplemented: {
    httpStatus: 404,
    grpcStatus: GrpcStatus.UNIMPLEMENTED,
    retryable: false,
    meaning: "TracAgg does not offer this signal or method.",
  },
  deadline_exceeded: {
    httpStatus: 504,
    grpcStatus: GrpcStatus.DEADLINE_EXCEEDED,
    retryable: true,
    meaning: "The work took longer than its time limit.",
  },
  cancelled: {
    httpStatus: 499,
    grpcStatus: GrpcStatus.CANCELLED,
    retryable: true,
    meaning: "The client went away before the answer was ready.",
  },
  failed_precondition: {
    httpStatus: 409,
    grpcStatus: GrpcStatus.FAILED_PRECONDITION,
    retryable: false,
    meaning: "The system is not in the state this needs: data folder in use, newer data format, port taken.",
  },
  data_corrupt: {
    httpStatus: 500,
    grpcStatus: GrpcStatus.DATA_LOSS,
    retryable: false,
    meaning: "A stored file does not match its checksum or format; the unit is set aside and named.",
  },
  internal: {
    httpStatus: 500,
    grpcStatus: GrpcStatus.INTERNAL,
    retryable: false,
    meaning: "A fault in TracAgg itself; the log has the cause.",
  },
});

/** What may accompany an error besides its message. */
export interface TracAggErrorOptions {
  /** The error underneath; kept for logs, never shown to clients. */
  readonly cause?: unknown;
  /** Milliseconds after which a retryable request may be sent again; given as `Retry-After` / `RetryInfo`. */
  readonly retryAfterMillis?: number;
  /** Name of the parameter, field or flag at fault. */
  readonly field?: string;
}

/**
 * Every failure TracAgg reports. The message says what was expected, what came, where, and how to mend it.
 *
 * @example
 * throw new TracAggError("invalid_argument", 'pageSize: expected a whole number from 1 to 1000, got "many"');
 */
export class TracAggError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMillis: number | undefined;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: TracAggErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TracAggError";
    this.code = code;
    this.retryAfterMillis = options.retryAfterMillis;
    this.field = options.field;
  }

  /** What the code means on the wire. */
  get meaning(): ErrorMeaning {
    return ERROR_TABLE[this.code];
  }
}

/**
 * Turns anything thrown into a {@link TracAggError}; the only door for foreign errors.
 * Node's file errors get the code that fits (no space left: `unavailable`), everything unknown is `internal`.
 */
export function errorFrom(thrown: unknown): TracAggError {
  if (thrown instanceof TracAggError) return thrown;
  if (thrown instanceof Error) {
    const systemCode = (thrown as { code?: unknown }).code;
    if (systemCode === "ENOSPC" || systemCode === "EDQUOT") {
      return new TracAggError("unavailable", "no space left on the data disk; free space and send again", {
        cause: thrown,
        retryAfterMillis: 5_000,
      });
    }
    return new TracAggError("internal", thrown.message, { cause: thrown });
  }
  return new TracAggError("internal", String(thrown), { cause: thrown });
}
