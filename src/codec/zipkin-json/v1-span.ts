/** Spans of Zipkin's first model, in which annotations carry the endpoints, turned into those of the second. */

import { sortedAnnotations } from "./read-v2.ts";
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinKind, ZipkinReading } from "./zipkin-model.ts";

/** An event of a v1 span, and who recorded it. */
export interface V1Annotation {
  /** Epoch microseconds. */
  readonly timestamp: number;
  readonly value: string;
  readonly endpoint: ZipkinEndpoint | undefined;
}

/** A tag, or with no value the address of another side. */
export interface V1BinaryAnnotation {
  readonly key: string;
  readonly value: string | undefined;
  readonly endpoint: ZipkinEndpoint | undefined;
}

/** A v1 span as it was read; it may hold both sides of a call. */
export interface V1Span {
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly id: string;
  readonly name: string;
  /** Epoch microseconds, 0 without one. */
  readonly timestamp: number;
  /** Microseconds, 0 without one. */
  readonly duration: number;
  readonly annotations: readonly V1Annotation[];
  readonly binaryAnnotations: readonly V1BinaryAnnotation[];
  readonly isDebug: boolean;
}

/** Annotations that say what a side was, and at which end of it; wire times say neither. */
const CORE: Readonly<Record<string, ZipkinKind | undefined>> = Object.freeze({
  cs: "CLIENT",
  cr: "CLIENT",
  sr: "SERVER",
  ss: "SERVER",
  ms: "PRODUCER",
  mr: "CONSUMER",
  ws: undefined,
  wr: undefined,
});
type CoreName = "cs" | "cr" | "sr" | "ss" | "ms" | "mr" | "ws" | "wr";

/** A core annotation: those without an endpoint are plain ones. */
interface CoreAnnotation extends V1Annotation {
  readonly endpoint: ZipkinEndpoint;
}

/** One side while it is put together. */
interface Side extends Omit<ZipkinReading, "annotations" | "tags"> {
  readonly events: ZipkinAnnotation[];
  readonly tagMap: Map<string, string>;
}

/**
 * The one or more spans that a v1 span stands for: both sides of a call become two, of which the receiving one is
 * marked as shared.
 */
export function readingsFromV1(span: V1Span): ZipkinReading[] {
  return new Conversion(span).result();
}

class Conversion {
  readonly #span: V1Span;
  readonly #sides: [Side, ...Side[]];
  readonly #core: Partial<Record<CoreName, CoreAnnotation>> = {};

  constructor(span: V1Span) {
    this.#span = span;
    this.#sides = [newSide(span, undefined)];
    for (const annotation of span.annotations) this.#takeAnnotation(annotation);
    this.#deriveStart("cs", "cr");
    this.#deriveStart("sr", "ss");
    this.#settleCall();
    this.#settleMessage();
    this.#takeBinaryAnnotations();
  }

  result(): ZipkinReading[] {
    return this.#sides.map(({ events, tagMap, ...side }) => ({
      ...side,
      timestamp: Math.max(0, side.timestamp),
      duration: Math.max(0, side.duration),
      isShared: side.isShared && side.kind !== "CLIENT",
      annotations: sortedAnnotations(events),
      tags: tagMap,
    }));
  }

  #takeAnnotation({ timestamp, value, endpoint }: V1Annotation): void {
    const side = this.#sideOf(endpoint);
    if (endpoint === undefined || !Object.hasOwn(CORE, value)) {
      side.events.push({ timestamp, value });
      return;
    }
    this.#core[value as CoreName] = { timestamp, value, endpoint };
    side.kind = CORE[value] ?? side.kind;
  }

  /** An end that lies where the span's own times say that it ended has its start there too. */
  #deriveStart(start: "cs" | "sr", end: "cr" | "ss"): void {
    const { timestamp, duration } = this.#span;
    const last = this.#core[end];
    if (this.#core[start] !== undefined || last === undefined || timestamp === 0 || duration === 0) return;
    if (timestamp + duration === last.timestamp) {
      this.#core[start] = { timestamp, value: start, endpoint: last.endpoint };
    }
  }

  #settleCall(): void {
    const { cs, cr, sr, ss } = this.#core;
    if (cs !== undefined && sr !== undefined) this.#settleBothSides(cs, sr);
    else if (cs !== undefined && cr !== undefined) this.#setTimes(cs, cr);
    else if (sr !== undefined && ss !== undefined) this.#setTimes(sr, ss);
    else this.#settleHalfCall();
    const { timestamp, duration } = this.#span;
    // A server that did not start the span sent no times of its own: that is how v1 said "shared".
    const isTimeless = timestamp === 0 || (ss !== undefined && duration === 0);
    if (cs === undefined && sr !== undefined && isTimeless) this.#sideOf(sr.endpoint).isShared = true;
  }

  /** The client owns the span's times; the server's are those of its annotations. */
  #settleBothSides(cs: CoreAnnotation, sr: CoreAnnotation): void {
    const { cr, ss } = this.#core;
    this.#setTimes(cs, cr);
    const client = this.#sideOf(cs.endpoint);
    const server = this.#otherSide(client, { from: cs, to: sr, kinds: ["CLIENT", "SERVER"] });
    server.isShared = true;
    server.timestamp = sr.timestamp;
    if (ss !== undefined) server.duration = ss.timestamp - sr.timestamp;
    if (cr === undefined && this.#span.duration === 0) client.duration = 0;
  }

  /** A service that called itself has two sides all the same. */
  #otherSide(
    side: Side,
    {
      from,
      to,
      kinds,
    }: {
      readonly from: CoreAnnotation;
      readonly to: CoreAnnotation;
      readonly kinds: readonly [ZipkinKind, ZipkinKind];
    },
  ): Side {
    if (from.endpoint.serviceName !== to.endpoint.serviceName) return this.#sideOf(to.endpoint);
    side.kind = kinds[0];
    const other = this.#addSide(to.endpoint);
    other.kind = kinds[1];
    return other;
  }

  /** Only one end of a call was seen: its time is known, the other end stays an annotation. */
  #settleHalfCall(): void {
    const { cs, cr, sr, ss } = this.#core;
    for (const side of this.#sides) {
      if (side.kind === "CLIENT") settleHalf(side, cs, cr);
      else if (side.kind === "SERVER") settleHalf(side, sr, ss);
    }
    const { timestamp, duration } = this.#span;
    if (timestamp === 0) return;
    this.#sides[0].timestamp = timestamp;
    this.#sides[0].duration = duration;
  }

  #settleMessage(): void {
    const { ms, mr, ws, wr } = this.#core;
    if (ms !== undefined && mr !== undefined) this.#settleBothEnds(ms, mr);
    else if (ms !== undefined) this.#setTimes(ms, ws);
    else if (mr !== undefined) this.#setTimes(wr ?? mr, wr === undefined ? undefined : mr);
    else this.#keepWireTimes();
  }

  #settleBothEnds(ms: CoreAnnotation, mr: CoreAnnotation): void {
    const { ws, wr } = this.#core;
    const producer = this.#sideOf(ms.endpoint);
    const consumer = this.#otherSide(producer, { from: ms, to: mr, kinds: ["PRODUCER", "CONSUMER"] });
    consumer.isShared = true;
    consumer.timestamp = (wr ?? mr).timestamp;
    if (wr !== undefined) consumer.duration = mr.timestamp - wr.timestamp;
    producer.timestamp = ms.timestamp;
    producer.duration = ws === undefined ? 0 : ws.timestamp - ms.timestamp;
  }

  #keepWireTimes(): void {
    for (const wire of [this.#core.ws, this.#core.wr]) {
      if (wire === undefined) continue;
      this.#sideOf(wire.endpoint).events.push({ timestamp: wire.timestamp, value: wire.value });
    }
  }

  /** The span's own times where it has both, else those of its annotations. */
  #setTimes(start: CoreAnnotation, end: CoreAnnotation | undefined): void {
    const side = this.#sideOf(start.endpoint);
    const { timestamp, duration } = this.#span;
    if (timestamp !== 0 && duration !== 0) {
      side.timestamp = timestamp;
      side.duration = duration;
      return;
    }
    side.timestamp = start.timestamp;
    if (end !== undefined) side.duration = end.timestamp - start.timestamp;
  }

  #takeBinaryAnnotations(): void {
    const addresses = new Map<string, ZipkinEndpoint | undefined>();
    for (const { key, value, endpoint } of this.#span.binaryAnnotations) {
      if (value === undefined) addresses.set(key, endpoint);
      else {
        const side = this.#sideOf(endpoint);
        // Marks a local component and says nothing more.
        if (key !== "lc" || value !== "") side.tagMap.set(key, value);
      }
    }
    this.#setRemoteSides(addresses.get("ca"), addresses.get("sa"), addresses.get("ma"));
  }

  #setRemoteSides(
    client: ZipkinEndpoint | undefined,
    server: ZipkinEndpoint | undefined,
    broker: ZipkinEndpoint | undefined,
  ): void {
    const { cs, cr, sr, ss, ms, mr } = this.#core;
    const answering = sr ?? ss;
    const asking = cs ?? cr;
    const isCall = answering !== undefined || asking !== undefined;
    if (!isCall && (client !== undefined || server !== undefined)) {
      this.#setRemoteOfNoCall(client, server);
      return;
    }
    if (client !== undefined && answering !== undefined && !isSame(client, answering.endpoint)) {
      this.#sideOf(answering.endpoint).remoteEndpoint = withoutOwnName(client, answering.endpoint);
    }
    if (server !== undefined && asking !== undefined) {
      this.#sideOf(asking.endpoint).remoteEndpoint = server;
    }
    for (const message of [ms, mr]) {
      if (broker !== undefined && message !== undefined) {
        this.#sideOf(message.endpoint).remoteEndpoint = broker;
      }
    }
  }

  #setRemoteOfNoCall(client: ZipkinEndpoint | undefined, server: ZipkinEndpoint | undefined): void {
    if (client !== undefined && server !== undefined) this.#sideOf(client).remoteEndpoint = server;
    else if (server !== undefined) this.#sides[0].remoteEndpoint = server;
    else {
      this.#sides[0].kind = "SERVER";
      this.#sides[0].remoteEndpoint = client;
    }
  }

  /** Who recorded something: sides are told apart by service name, and what nobody recorded is the first one's. */
  #sideOf(endpoint: ZipkinEndpoint | undefined): Side {
    const [first] = this.#sides;
    if (endpoint === undefined) return first;
    first.localEndpoint ??= endpoint;
    const known = this.#sides.find((side) => side.localEndpoint?.serviceName === endpoint.serviceName);
    return known ?? this.#addSide(endpoint);
  }

  #addSide(endpoint: ZipkinEndpoint): Side {
    const side = newSide(this.#span, endpoint);
    this.#sides.push(side);
    return side;
  }
}

function newSide(span: V1Span, localEndpoint: ZipkinEndpoint | undefined): Side {
  return {
    traceId: span.traceId,
    parentId: span.parentId,
    id: span.id,
    kind: undefined,
    name: span.name,
    timestamp: 0,
    duration: 0,
    localEndpoint,
    remoteEndpoint: undefined,
    events: [],
    tagMap: new Map(),
    isDebug: span.isDebug,
    isShared: false,
  };
}

function settleHalf(side: Side, start: CoreAnnotation | undefined, end: CoreAnnotation | undefined): void {
  if (start !== undefined) side.timestamp = start.timestamp;
  if (end !== undefined) side.events.push({ timestamp: end.timestamp, value: end.value });
}

function isSame(left: ZipkinEndpoint, right: ZipkinEndpoint): boolean {
  return (
    left.serviceName === right.serviceName &&
    left.ipv4 === right.ipv4 &&
    left.ipv6 === right.ipv6 &&
    left.port === right.port
  );
}

/** Some libraries name the client's socket after the server's own service, which would be a call to itself. */
function withoutOwnName(endpoint: ZipkinEndpoint, own: ZipkinEndpoint): ZipkinEndpoint | undefined {
  if (endpoint.serviceName !== own.serviceName) return endpoint;
  const { serviceName: _, ...address } = endpoint;
  return Object.keys(address).length === 0 ? undefined : address;
}
