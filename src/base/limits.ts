/** Limits that more than one room has to know, each with its unit, default and reason. */

/** Largest request body, in bytes after decompression. OTLP recommends 64 MiB (contract G11, H7). */
export const DEFAULT_MAX_REQUEST_BYTES: number = 64 * 1024 * 1024;

/**
 * Deepest nesting of array and key-value-list attribute values. SDKs stop at 64; protobuf runtimes stop near 100,
 * so what they can send is accepted and a stack overflow is not possible.
 */
export const MAX_ATTRIBUTE_DEPTH: number = 100;

/** Largest `pageSize` of any list. */
export const MAX_PAGE_SIZE: number = 1_000;

/** `pageSize` when none is asked for. */
export const DEFAULT_PAGE_SIZE: number = 20;

/**
 * Spans that an analysis takes at once on the event loop, in some 20 ms; more are handed to the analysis thread, whose
 * start and hand-over would cost usual traces more than they take.
 */
export const MAX_SPANS_AT_ONCE: number = 4_096;
