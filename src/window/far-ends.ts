/** Far ends that spans name, each kept once under a number. */

import type { Attributes } from "../model/attribute-value.ts";

/** Far ends kept before those are looked for that no span names any more. */
const FIRST_SWEEP = 65_536;
const NONE: Attributes = Object.freeze({});

/** Numbers for far ends, never given twice; 0 is "none". */
export class FarEnds {
  readonly #idByKey: Map<string, number> = new Map();
  readonly #byId: Map<number, { readonly key: string; readonly attributes: Attributes }> = new Map();
  #lastId = 0;
  #sweepAt = FIRST_SWEEP;

  /** Far ends known. */
  get count(): number {
    return this.#byId.size;
  }

  /** True when there are so many that {@link FarEnds.keepOnly} is due. */
  get isSweepDue(): boolean {
    return this.count >= this.#sweepAt;
  }

  /** The number of a far end. */
  idOf(farEnd: Attributes): number {
    const key = JSON.stringify(farEnd);
    const known = this.#idByKey.get(key);
    if (known !== undefined) return known;
    const id = ++this.#lastId;
    this.#byId.set(id, { key, attributes: farEnd });
    this.#idByKey.set(key, id);
    return id;
  }

  /** The far end with a number. */
  attributes(id: number): Attributes {
    return this.#byId.get(id)?.attributes ?? NONE;
  }

  /** Forgets all numbers but these. The next sweep is due when as many again are known. */
  keepOnly(used: ReadonlySet<number>): void {
    for (const [id, { key }] of this.#byId) {
      if (used.has(id)) continue;
      this.#byId.delete(id);
      this.#idByKey.delete(key);
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, this.count * 2);
  }
}
