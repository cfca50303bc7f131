/** Series of spans: service, operation, kind and status, packed into one number. */

/** OTLP knows kinds 0 to 5. */
const KINDS = 6;
/** UNSET, OK, ERROR. */
const STATUSES = 3;

/** The series of an operation's spans of one kind and status; kinds and statuses that OTLP does not know count as 0. */
export function spanSeries(operation: number, kind: number, statusCode: number): number {
  const knownKind = kind < KINDS ? kind : 0;
  const knownStatus = statusCode < STATUSES ? statusCode : 0;
  return (operation * KINDS + knownKind) * STATUSES + knownStatus;
}

/** What a series is of. */
export interface SpanSeriesParts {
  readonly operation: number;
  readonly kind: number;
  readonly statusCode: number;
}

/** The parts of a series. */
export function partsOfSeries(series: number): SpanSeriesParts {
  const statusCode = series % STATUSES;
  const rest = (series - statusCode) / STATUSES;
  return { statusCode, kind: rest % KINDS, operation: Math.floor(rest / KINDS) };
}
