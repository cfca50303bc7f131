/** Places that spans come from, each kept once under a number, in bounded number. */

import { hashOfBytes } from "../base/hash.ts";
import { ProtobufReader } from "../base/protobuf-reader.ts";
import { resourceFrom } from "../batch/row-envelope.ts";
import type { ResourceEntry, SpanBatch } from "../batch/span-batch.ts";
import type { Place } from "../model/place.ts";
import { placeOf } from "../model/place.ts";

/** Number for ends of calls that send no spans. */
export const NO_PLACE = 0;
/** Number of {@link OTHER_PLACE}. */
export const OTHER = 1;
const FIRST_ID = 2;

/** Places told apart: a thousand new instances a day for a month, and as many again. */
export const DEFAULT_MAX_PLACES = 50_000;
/** Places kept before those are looked for that nothing is counted at any more. */
const FIRST_SWEEP = 4_096;
/** A full table is looked through no more often than this. */
const SWEEP_SECONDS = 60;
/** Bytes of the resources that are recognised by them; at the bound all are forgotten and learned anew. */
const MAX_KNOWN_BYTES = 8 * 1024 * 1024;

const OTHERS = "(other places)";
const OTHER_INSTANCES = "(other instances)";
const OTHER_HOSTS = "(other hosts)";

/** Stands for all places beyond the bound. */
const OTHER_PLACE: Place = Object.freeze({
  namespace: OTHERS,
  instance: OTHERS,
  host: OTHERS,
  zone: OTHERS,
  cluster: OTHERS,
});

interface KnownResource {
  readonly bytes: Buffer;
  readonly id: number;
}

interface KnownPlace {
  readonly text: string;
  readonly place: Place;
}

/** Numbers for places, never given twice. */
export class Places {
  readonly #max: number;
  readonly #idByText: Map<string, number> = new Map();
  readonly #byId: Map<number, KnownPlace> = new Map();
  /** Other in each process, so that colliding resources cannot be prepared. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  readonly #known: Map<number, KnownResource[]> = new Map();
  #knownBytes = 0;
  #nextId = FIRST_ID;
  #sweepAt: number;
  #sweptSeconds = Number.NEGATIVE_INFINITY;
  /** Resources of requests whose spans were counted at {@link OTHER}. */
  overflowed = 0;

  constructor(maxPlaces: number = DEFAULT_MAX_PLACES) {
    this.#max = maxPlaces;
    this.#sweepAt = Math.min(FIRST_SWEEP, maxPlaces);
  }

  /** Places known. */
  get count(): number {
    return this.#byId.size;
  }

  /** Number that the next new place gets. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Numbers for the rows of a batch. */
  readerOf(batch: SpanBatch): (row: number) => number {
    const { scopes, resources, scopeIndexes, payload } = batch;
    if (resources.length === 1) {
      const only = this.#idOfResource(payload, resources[0] as ResourceEntry);
      return () => only;
    }
    const ofResource = resources.map((resource) => this.#idOfResource(payload, resource));
    return (row) => {
      const { resourceIndex } = scopes[scopeIndexes[row] as number] as (typeof scopes)[number];
      return ofResource[resourceIndex] as number;
    };
  }

  /** The number of a place; {@link OTHER} for a new one beyond the bound. */
  idOf(place: Place): number {
    const text = placeText(place);
    const known = this.#idByText.get(text);
    if (known !== undefined) return known;
    return this.count < this.#max ? this.#give(this.#nextId, text, place) : OTHER;
  }

  /** The place with a number; undefined for {@link NO_PLACE}. */
  place(id: number): Place | undefined {
    return id === OTHER ? OTHER_PLACE : this.#byId.get(id)?.place;
  }

  /**
   * The place that stands for this one and its like when instances, or hosts too, are not told apart. It gets a number
   * whatever the bound: there are no more of them than of places.
   */
  coarser(id: number, parts: "instances" | "hosts" | "all"): number {
    const place = this.#byId.get(id)?.place;
    if (place === undefined) return id;
    if (parts === "all") return OTHER;
    const isHosts = parts === "hosts";
    const wider = { ...place, instance: OTHER_INSTANCES, host: isHosts ? OTHER_HOSTS : place.host };
    const text = placeText(wider);
    return this.#idByText.get(text) ?? this.#give(this.#nextId, text, wider);
  }

  /** Places from a number on, with their numbers. */
  from(first: number): (readonly [id: number, place: Place])[] {
    return [...this.#byId].filter(([id]) => id >= first).map(([id, { place }]) => [id, place]);
  }

  /** Puts a place back that was stored with its number, whatever the bound is now. */
  restore(id: number, place: Place): void {
    if (!this.#byId.has(id)) this.#give(id, placeText(place), place);
  }

  /** True when there are so many that {@link Places.keepOnly} is due. */
  isSweepDue(nowSeconds: number): boolean {
    return this.count >= this.#sweepAt && nowSeconds - this.#sweptSeconds >= SWEEP_SECONDS;
  }

  /** Forgets all numbers but these. The next sweep is due when as many again are known, or when the table is full. */
  keepOnly(used: ReadonlySet<number>, nowSeconds: number): void {
    for (const [id, { text }] of this.#byId) {
      if (used.has(id)) continue;
      this.#byId.delete(id);
      this.#idByText.delete(text);
    }
    this.#forgetResources();
    this.#sweptSeconds = nowSeconds;
    this.#sweepAt = Math.min(Math.max(FIRST_SWEEP, this.count * 2), this.#max);
  }

  #give(id: number, text: string, place: Place): number {
    this.#nextId = Math.max(this.#nextId, id + 1);
    this.#byId.set(id, { text, place });
    this.#idByText.set(text, id);
    return id;
  }

  #idOfResource(payload: Uint8Array, { start, end }: ResourceEntry): number {
    const hash = hashOfBytes(payload, start, end, this.#seed);
    const sameHash = this.#known.get(hash);
    const known = sameHash?.find(({ bytes }) => bytes.compare(payload, start, end) === 0)?.id;
    const id = known ?? this.#learn(hash, payload.subarray(start, end));
    if (id === OTHER) this.overflowed++;
    return id;
  }

  #learn(hash: number, resource: Uint8Array): number {
    const { attributes } = resourceFrom(new ProtobufReader(resource), "");
    const id = this.idOf(placeOf(attributes));
    if (this.#knownBytes + resource.length > MAX_KNOWN_BYTES) this.#forgetResources();
    this.#knownBytes += resource.length;
    const fresh = { bytes: Buffer.from(resource), id };
    const list = this.#known.get(hash);
    if (list === undefined) this.#known.set(hash, [fresh]);
    else list.push(fresh);
    return id;
  }

  #forgetResources(): void {
    this.#known.clear();
    this.#knownBytes = 0;
  }
}

function placeText({ namespace, instance, host, zone, cluster }: Place): string {
  return JSON.stringify([namespace, instance, host, zone, cluster]);
}
