/**
 * Calls whose client and server report under one span id, as Zipkin's B3 lets them: the server lies below the client,
 * and who names that id as its parent means one of the two.
 */

/** What telling them apart needs of spans, by number. */
export interface SharedCallSpans {
  isClient(span: number): boolean;
  isServer(span: number): boolean;
  serviceName(span: number): string;
  /** Whether the first lasted longer than the second. */
  isLonger(first: number, second: number): boolean;
}

interface SharedCall {
  readonly client: number;
  /** The server of each service; of several the longest, the first of equally long ones. */
  readonly servers: ReadonlyMap<string, number>;
  /** One client and one server of each service, and nothing else: no times were asked who is meant. */
  readonly isPlain: boolean;
}

/** The shared calls among groups of different spans with one id; other groups are as good as not there. */
export class SharedCalls<Key> {
  readonly #spans: SharedCallSpans;
  readonly #calls = new Map<Key, SharedCall>();

  /** @param groups spans with the same id, in the order of spans */
  constructor(groups: ReadonlyMap<Key, readonly number[]>, spans: SharedCallSpans) {
    this.#spans = spans;
    for (const [key, group] of groups) {
      const call = sharedCallOf(group, spans);
      if (call !== undefined) this.#calls.set(key, call);
    }
  }

  /** Whether only a client and servers of different services have this id: who is meant depends on no times then. */
  isPlain(id: Key): boolean {
    return this.#calls.get(id)?.isPlain === true;
  }

  /** The client above a span, when the span is a server that has its id from it; -1 otherwise. */
  clientOf(id: Key, span: number): number {
    const call = this.#calls.get(id);
    return call !== undefined && this.#spans.isServer(span) ? call.client : -1;
  }

  /**
   * Who is meant by a span of a service that names this id as its parent: the server of that service, else the client.
   * -1 when the id is of no shared call.
   */
  parentFor(id: Key, serviceName: string): number {
    const call = this.#calls.get(id);
    return call === undefined ? -1 : (call.servers.get(serviceName) ?? call.client);
  }
}

function sharedCallOf(group: readonly number[], spans: SharedCallSpans): SharedCall | undefined {
  let client: number | undefined;
  const servers = new Map<string, number>();
  for (const span of group) {
    if (spans.isClient(span)) {
      if (client === undefined || spans.isLonger(span, client)) client = span;
    } else if (spans.isServer(span)) {
      const service = spans.serviceName(span);
      const other = servers.get(service);
      if (other === undefined || spans.isLonger(span, other)) servers.set(service, span);
    }
  }
  if (client === undefined || servers.size === 0) return undefined;
  return { client, servers, isPlain: servers.size === group.length - 1 };
}
