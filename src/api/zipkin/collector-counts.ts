/** What Zipkin's senders sent, by its own counters: `/metrics` of its API tells them. */

/** The ways in, as Zipkin calls them. */
export type ZipkinTransport = "http" | "grpc";

/** Numbers of one way in, since the start. */
export interface CollectorCounts {
  readonly messages: number;
  /** Reports that were refused or not kept. */
  readonly messagesDropped: number;
  /** Of reports after decompression. */
  readonly bytes: number;
  readonly spans: number;
  /** Spans that were read and not kept. */
  readonly spansDropped: number;
  /** Spans of the last report. */
  readonly messageSpans: number;
  /** Bytes of the last report. */
  readonly messageBytes: number;
}

type Mutable = { -readonly [Name in keyof CollectorCounts]: number };

const NONE: CollectorCounts = Object.freeze({
  messages: 0,
  messagesDropped: 0,
  bytes: 0,
  spans: 0,
  spansDropped: 0,
  messageSpans: 0,
  messageBytes: 0,
});

/** Counts reports of every way in. */
export class ZipkinCollectorCounts {
  readonly #counts: Readonly<Record<ZipkinTransport, Mutable>> = { http: { ...NONE }, grpc: { ...NONE } };

  /** One report came. */
  message(transport: ZipkinTransport): void {
    this.#counts[transport].messages++;
  }

  /** Its bytes are plain. */
  body(transport: ZipkinTransport, bytes: number): void {
    this.#counts[transport].bytes += bytes;
    this.#counts[transport].messageBytes = bytes;
  }

  /** Its spans were read. */
  spans(transport: ZipkinTransport, spans: number): void {
    this.#counts[transport].spans += spans;
    this.#counts[transport].messageSpans = spans;
  }

  /** It was not kept; `spans` is 0 where they could not be read. */
  dropped(transport: ZipkinTransport, spans: number): void {
    this.#counts[transport].messagesDropped++;
    this.#counts[transport].spansDropped += spans;
  }

  /** The numbers now. */
  of(transport: ZipkinTransport): CollectorCounts {
    return this.#counts[transport];
  }
}
