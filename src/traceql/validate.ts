import type { Query } from "../filter/query-model.ts";
/** x */
export function validateQuery(_text: string, _query: Query): void {}
