/** The names seen so far, kept up as batches come in: the catalogue of stores that hold it in memory. */

import type { SpanBatch } from "../batch/span-batch.ts";
import type { StringDictionary } from "../batch/string-dictionary.ts";
import type { SpanKind } from "../model/span-kind.ts";
import { spanKindFromNumber } from "../model/span-kind.ts";
import type { Catalogue, Operation } from "./catalogue.ts";

/** Bounds of a catalogue. */
export interface NameCatalogueLimits {
  /** Default 10,000: far above any fleet, far below what a sender with random names could fill memory with. */
  readonly maxServices?: number;
  /** Operations of one service. Default 10,000. */
  readonly maxOperationsPerService?: number;
  /** Operations of all services together, some 100 bytes each. Default 500,000. */
  readonly maxOperations?: number;
}

/** Key: name id * 8 + kind. Bounded like the operations, since refused names are not remembered. */
type SeenOperations = Set<number>;

interface ServiceNames {
  /** Bit k: seen with OTLP kind k. */
  readonly kindsByName: Map<string, number>;
  operationCount: number;
}

/** Services and their operations. Names over a limit are left out and counted. */
export class NameCatalogue implements Catalogue {
  readonly #maxServices: number;
  readonly #maxOperationsPerService: number;
  readonly #maxOperations: number;
  readonly #services = new Map<string, ServiceNames>();
  /** What was seen under the ids of a dictionary, by service: saves the text lookup for all but the first span. */
  readonly #seen = new WeakMap<StringDictionary, Map<string, SeenOperations>>();
  #operationCount = 0;
  #refused = 0;

  constructor(limits: NameCatalogueLimits = {}) {
    this.#maxServices = limits.maxServices ?? 10_000;
    this.#maxOperationsPerService = limits.maxOperationsPerService ?? 10_000;
    this.#maxOperations = limits.maxOperations ?? 500_000;
  }

  /** How many services are listed. */
  get serviceCount(): number {
    return this.#services.size;
  }

  /** How many operations are listed. */
  get operationCount(): number {
    return this.#operationCount;
  }

  /** How many spans had a service or operation that a limit kept out of the lists. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes the names of a batch in. */
  addBatch(batch: SpanBatch): void {
    const seenByService = this.#seenUnder(batch.dictionary);
    let scopeIndex = -1;
    let serviceName = "";
    let seen: SeenOperations | undefined;
    for (let row = 0; row < batch.rowCount; row++) {
      if (batch.scopeIndexes[row] !== scopeIndex) {
        scopeIndex = batch.scopeIndexes[row] as number;
        serviceName = serviceNameOfScope(batch, scopeIndex);
        const isListed = this.#serviceOf(serviceName) !== undefined;
        seen = isListed ? entryOf(seenByService, serviceName) : undefined;
      }
      const nameId = batch.nameIds[row] as number;
      const kind = knownKind(batch.kinds[row] as number);
      const key = nameId * 8 + kind;
      if (seen?.has(key) === true) continue;
      if (this.add(serviceName, batch.dictionary.text(nameId), kind)) seen?.add(key);
    }
  }

  /** Takes one name in; `kind` is the OTLP number. False, and counted, when a limit keeps it out. */
  add(serviceName: string, operationName: string, kind: number): boolean {
    const service = this.#serviceOf(serviceName);
    const bit = 1 << knownKind(kind);
    const kinds = service?.kindsByName.get(operationName) ?? 0;
    if (kinds & bit) return true;
    if (
      service === undefined ||
      service.operationCount >= this.#maxOperationsPerService ||
      this.#operationCount >= this.#maxOperations
    ) {
      this.#refused++;
      return false;
    }
    service.kindsByName.set(operationName, kinds | bit);
    service.operationCount++;
    this.#operationCount++;
    return true;
  }

  services(): Promise<readonly string[]> {
    return Promise.resolve([...this.#services.keys()].sort());
  }

  operations(serviceName: string): Promise<readonly Operation[]> {
    const operations: Operation[] = [];
    for (const [name, kinds] of this.#services.get(serviceName)?.kindsByName ?? []) {
      for (const kind of kindsOf(kinds)) operations.push({ name, kind });
    }
    return Promise.resolve(operations.sort(compareOperations));
  }

  #serviceOf(serviceName: string): ServiceNames | undefined {
    const known = this.#services.get(serviceName);
    if (known !== undefined || this.#services.size >= this.#maxServices) return known;
    const service: ServiceNames = { kindsByName: new Map(), operationCount: 0 };
    this.#services.set(serviceName, service);
    return service;
  }

  #seenUnder(dictionary: StringDictionary): Map<string, SeenOperations> {
    let seen = this.#seen.get(dictionary);
    if (seen === undefined) {
      seen = new Map();
      this.#seen.set(dictionary, seen);
    }
    return seen;
  }
}

function entryOf(seenByService: Map<string, SeenOperations>, serviceName: string): SeenOperations {
  let seen = seenByService.get(serviceName);
  if (seen === undefined) {
    seen = new Set();
    seenByService.set(serviceName, seen);
  }
  return seen;
}

function serviceNameOfScope(batch: SpanBatch, scopeIndex: number): string {
  const resourceIndex = batch.scopes[scopeIndex]?.resourceIndex ?? -1;
  return batch.resources[resourceIndex]?.serviceName ?? "";
}

/** Kinds from the future read as UNSPECIFIED. */
function knownKind(kind: number): number {
  return kind <= 5 ? kind : 0;
}

function kindsOf(bits: number): SpanKind[] {
  return [0, 1, 2, 3, 4, 5].filter((kind) => bits & (1 << kind)).map(spanKindFromNumber);
}

function compareOperations(left: Operation, right: Operation): number {
  if (left.name !== right.name) return left.name < right.name ? -1 : 1;
  if (left.kind === right.kind) return 0;
  return left.kind < right.kind ? -1 : 1;
}
