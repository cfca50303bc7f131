/** Counts of attributes of the hot set, made when somebody asks and kept for who asks next. */

import type { TimeSlice } from "../base/time-slice.ts";
import { inSlices } from "../base/time-slice.ts";
import { AttributeCounter } from "../batch/attribute-counter.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import type { HotBlock } from "./hot-block.ts";

interface CountedBlock {
  readonly counter: AttributeCounter;
  /** Batches of the block that are counted. */
  batches: number;
}

/** One counter a block, brought up to date at each question. */
export class HotAttributes {
  readonly #counted = new WeakMap<HotBlock, CountedBlock>();
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Counts over blocks, each with everything that it held when this was called, or more.
   *
   * @param slice without a signal: a batch is counted whole or not at all.
   */
  countsOf(blocks: readonly HotBlock[], slice: TimeSlice): Promise<AttributeCounter[]> {
    // One question after the other: two of them must not count the same batch.
    const counted = this.#turn.then(async () => {
      const counters: AttributeCounter[] = [];
      for (const block of blocks) counters.push(await this.#countedBlock(block, slice));
      return counters;
    });
    this.#turn = counted.catch(() => {});
    return counted;
  }

  async #countedBlock(block: HotBlock, slice: TimeSlice): Promise<AttributeCounter> {
    const known = this.#counted.get(block) ?? { counter: new AttributeCounter(), batches: 0 };
    this.#counted.set(block, known);
    for (; known.batches < block.batches.length; known.batches++) {
      const { batch } = block.batches[known.batches] as CommittedBatch;
      await inSlices(known.counter.addBatch(batch), slice);
      if (slice.isOver(batch.rowCount)) await slice.rest();
    }
    return known.counter;
  }
}
