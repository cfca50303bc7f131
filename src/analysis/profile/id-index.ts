/** Finds nodes by span id without a string or an object for each. */

/** Ids of 64 bits as two words each, and the node that answers to each. */
export class IdIndex {
  /** Other in each process, so that colliding ids cannot be prepared. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  /** Open addressing: a node + 1, 0 where free. */
  #slots: Int32Array = new Int32Array(64);
  #mask = 63;

  /** Forgets everything and makes room for so many ids. */
  reset(ids: number): void {
    let size = 64;
    while (size < ids * 2) size *= 2;
    if (size > this.#slots.length) this.#slots = new Int32Array(size);
    else this.#slots.fill(0, 0, size);
    this.#mask = size - 1;
  }

  /** The slot of an id: where {@link nodeAt} finds its node and {@link put} puts it. */
  slotOf(high: number, low: number, highs: Uint32Array, lows: Uint32Array): number {
    let slot = this.#hash(high, low) & this.#mask;
    for (;;) {
      const node = (this.#slots[slot] as number) - 1;
      if (node < 0 || (highs[node] === high && lows[node] === low)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The node in a slot, -1 for none. */
  nodeAt(slot: number): number {
    return (this.#slots[slot] as number) - 1;
  }

  /** Makes a node the one that is found in a slot. */
  put(slot: number, node: number): void {
    this.#slots[slot] = node + 1;
  }

  #hash(high: number, low: number): number {
    let hash = Math.imul(high ^ this.#seed, 0x85eb_ca6b);
    hash ^= hash >>> 15;
    hash = Math.imul(hash ^ low, 0xc2b2_ae35);
    return hash ^ (hash >>> 16);
  }
}
