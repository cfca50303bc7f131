/** Everything the store ports promise, as one suite for every implementation. */

import { describe } from "vitest";
import { describeAttributes } from "./trace-store-attribute-cases.ts";
import { describeDurability } from "./trace-store-durability-cases.ts";
import type { OpenStore } from "./trace-store-handle.ts";
import { describeProperties } from "./trace-store-properties.ts";
import { describeSearches } from "./trace-store-search-cases.ts";
import { describeSums } from "./trace-store-sum-cases.ts";
import { describeWrites } from "./trace-store-write-cases.ts";

/** What differs from store to store in how it is tested. */
export interface SuiteOptions {
  /** Runs of the property test, each with a store of its own. Default 100; fewer where a store is slow to open. */
  readonly propertyRuns?: number;
  /** True when spans survive `reopen`. Default false. */
  readonly isDurable?: boolean;
}

/**
 * Runs the contract of the store ports against one implementation.
 *
 * @param name the name of the store, for the report
 * @param open makes a started, empty store
 */
export function describeTraceStore(name: string, open: OpenStore, options: SuiteOptions = {}): void {
  describe(`${name} store`, () => {
    describeSearches(open);
    describeWrites(open);
    describeSums(open);
    describeAttributes(open, options.propertyRuns ?? 100);
    describeProperties(open, options.propertyRuns ?? 100);
    // A store that forgets at the end has no promises to keep after a restart, so it has no such cases either.
    if (options.isDurable === true) describe("after a restart", () => describeDurability(open));
  });
}
