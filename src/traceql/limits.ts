/** Limits of one query. */

/** Longest query, in UTF-8 bytes; Grafana's own clients are held to the same. */
export const MAX_QUERY_BYTES: number = 128 * 1024;

/**
 * Deepest nesting of brackets, of signs before an operand and of powers. Each level costs a reader some stack; people
 * stay under ten.
 */
export const MAX_NESTING: number = 100;

/**
 * Operators in one query. A chain of operators is a tree as deep as it is long, and whoever walks it needs stack for
 * each. Lists of values that clients write out as a chain of `||` have some hundreds.
 */
export const MAX_OPERATORS: number = 2_000;

/**
 * Steps of all regular expressions of a query, repetitions written out. Compiling takes some 3 microseconds for each
 * and matching looks at all of them for each character.
 */
export const MAX_PATTERN_STEPS: number = 2_000;

/**
 * Operators between spansets. Each goes over the whole trace, and answers wait for all of them; people use a handful.
 */
export const MAX_SPANSET_OPERATORS: number = 100;

/** Stages of all pipelines of a query: each goes over all that the one before gives. */
export const MAX_STAGES: number = 50;

/** Fields of one `select`: each is read of every span that is shown. */
export const MAX_SELECTED_FIELDS: number = 100;

/** Fields after `by` of a function over time: each multiplies the number of series. */
export const MAX_GROUP_FIELDS: number = 5;

/** Greatest number of values that `compare` gives for an attribute. */
export const MAX_COMPARE_VALUES: number = 1_000;

/** How many values `compare` gives for an attribute when the query does not say. */
export const DEFAULT_COMPARE_VALUES: number = 10;

/** Most exemplars a hint may ask for. */
export const MAX_EXEMPLARS: number = 100;
