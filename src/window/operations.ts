/** Service and operation names of spans, each pair once under a number, in bounded number. */

import { operationTemplate } from "../analysis/operation-template.ts";
import type { ResourceEntry, SpanBatch } from "../batch/span-batch.ts";

/** Pairs told apart; a hundred services of two hundred operations. */
export const DEFAULT_MAX_OPERATIONS = 20_000;

/** Operations of one service from which on ids are taken out of further names. */
const MAX_LITERAL_NAMES = 100;

/** Name that stands for all operations of a service beyond the bound. */
export const OTHER_OPERATIONS = "(other operations)";
/** Name that stands for all services beyond the bound. */
export const OTHER_SERVICES = "(other services)";

interface ServiceNames {
  readonly service: string;
  readonly ids: Map<string, number>;
}

/** Numbers for (service, operation). Once given, a number stays. */
export class Operations {
  readonly #max: number;
  readonly #byService: Map<string, ServiceNames> = new Map();
  readonly #services: string[] = [];
  readonly #names: string[] = [];
  /** Spans that were counted under another name than their own. */
  overflowed = 0;

  constructor(maxOperations: number = DEFAULT_MAX_OPERATIONS) {
    this.#max = maxOperations;
  }

  /** Pairs known. */
  get count(): number {
    return this.#names.length;
  }

  /** The number of a pair. */
  idOf(service: string, name: string): number {
    const known = this.#ofService(service);
    return this.#idIn(known, name);
  }

  /** Numbers for the rows of a batch. */
  readerOf(batch: SpanBatch): (row: number) => number {
    const { scopes, resources, scopeIndexes, nameIds, dictionary } = batch;
    const services = scopes.map(({ resourceIndex }) =>
      this.#ofService((resources[resourceIndex] as ResourceEntry).serviceName),
    );
    return (row) =>
      this.#idIn(
        services[scopeIndexes[row] as number] as ServiceNames,
        dictionary.text(nameIds[row] as number),
      );
  }

  /** The service of a pair. */
  service(id: number): string {
    return this.#services[id] as string;
  }

  /** The name of a pair. */
  name(id: number): string {
    return this.#names[id] as string;
  }

  /** Names from a number on. */
  from(first: number): (readonly [service: string, name: string])[] {
    return this.#services.slice(first).map((service, at) => [service, this.#names[first + at] as string]);
  }

  /** Gives the next number to a pair that was stored with it, whatever the bound is now. */
  restore(service: string, name: string): void {
    const known = this.#byService.get(service) ?? { service, ids: new Map<string, number>() };
    this.#byService.set(service, known);
    this.#give(known, name);
  }

  #ofService(service: string): ServiceNames {
    const known = this.#byService.get(service);
    if (known !== undefined) return known;
    if (this.#byService.size >= this.#max && service !== OTHER_SERVICES)
      return this.#ofService(OTHER_SERVICES);
    const fresh = { service, ids: new Map<string, number>() };
    this.#byService.set(service, fresh);
    return fresh;
  }

  #idIn(names: ServiceNames, name: string): number {
    const known = names.ids.get(name);
    if (known !== undefined) return known;
    if (names.ids.size >= MAX_LITERAL_NAMES) {
      // So many names have ids in them: what they have in common is the operation.
      const template = operationTemplate(name);
      const templated = names.ids.get(template);
      if (templated !== undefined) return templated;
      if (this.#names.length < this.#max) return this.#give(names, template);
    } else if (this.#names.length < this.#max) {
      return this.#give(names, name);
    }
    this.overflowed++;
    return names.ids.get(OTHER_OPERATIONS) ?? this.#give(names, OTHER_OPERATIONS);
  }

  #give({ service, ids }: ServiceNames, name: string): number {
    const id = this.#names.length;
    this.#services.push(service);
    this.#names.push(name);
    ids.set(name, id);
    return id;
  }
}
