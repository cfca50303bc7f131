/**
 * A random corpus of queries, the same for the same seed: what people write, what they mistype, and what is made to do
 * harm.
 */

import fc from "fast-check";
import { printQuery } from "../../src/traceql/print-query.ts";
import { randomQuery } from "../traceql/random-query.ts";
import { anyPipeline, searchablePipeline } from "./filter-arbitrary.ts";
import { hostileQuery } from "./hostile-query.ts";

/** What a query of the corpus was made to be. */
export type CorpusKind = "pipeline" | "series" | "grammar" | "mutated" | "hostile";

/** One query of the corpus. */
export interface CorpusQuery {
  readonly kind: CorpusKind;
  readonly text: string;
}

/** Queries made at once: long ones are not held longer than they are asked. */
const CHUNK = 100;

const pipelineText: fc.Arbitrary<string> = fc
  .oneof({ weight: 2, arbitrary: searchablePipeline }, { weight: 1, arbitrary: anyPipeline })
  .map((expression) => printQuery({ expression, hints: [] }));

const call: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(
      ...["rate()", "count_over_time()", "min_over_time(duration)", "max_over_time(.a)"],
      ...["avg_over_time(span.b)", "sum_over_time(selfTime)", "quantile_over_time(duration, .5, .9)"],
      ...["histogram_over_time(.c)", "histogram_over_time(duration)"],
    ),
    fc.constantFrom(
      "",
      " by(resource.service.name)",
      " by(span.a, status)",
      " by(rootName, .b)",
      " by(span:id)",
    ),
    fc.constantFrom("", " | topk(2)", " | bottomk(1)", " > 0", " | topk(1000000)"),
  )
  .map((parts) => parts.join(""));

const compare = fc.constantFrom(
  "compare({ status = error })",
  "compare({ .a = 1 }, 2)",
  "compare({ }, 1000)",
);

const seriesText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(pipelineText, fc.oneof({ weight: 6, arbitrary: call }, { weight: 1, arbitrary: compare }))
      .map((parts) => parts.join(" | ")),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pipelineText, pipelineText, call, fc.constantFrom("+", "-", "*", "/"))
      .map(
        ([left, right, function_, operator]) =>
          `(${left} | ${function_}) ${operator} (${right} | ${function_})`,
      ),
  },
);

const grammarText: fc.Arbitrary<string> = randomQuery.map(printQuery);

/** Words, signs and literals; every character is in one of them. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[\p{L}\p{N}_.:]+|\s+|[&|]{2}|[<>]{2}|[!<>=]=|[=!]~|./gsu;

const STRAY = [
  ..."{ } ( ) | & ! ~ = < > , . ^ % \" ` ' \\ // /* */ == =< && || >> !>> &>> nil with( by( rate()".split(
    " ",
  ),
  ...["\0", "\ud800", "\udc00", "\u202e", "\ufeff", "\u2028", "😀", "é", "\u00a0", "1e999", "0x", "1h1", "-"],
];

type Change = (tokens: string[], at: number) => void;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom<Change>(
    (tokens, at) => tokens.splice(at, 1),
    (tokens, at) => tokens.splice(at, 0, tokens[at] ?? ""),
    (tokens, at) => tokens.splice(at, 2, tokens[at + 1] ?? "", tokens[at] ?? ""),
    (tokens, at) => tokens.splice(at),
    (tokens, at) => tokens.splice(0, at),
    (tokens, at) => tokens.push(...tokens.slice(at)),
  ),
  fc.constantFrom(...STRAY).map<Change>((stray) => (tokens, at) => tokens.splice(at, 0, stray)),
  fc.constantFrom(...STRAY).map<Change>((stray) => (tokens, at) => tokens.splice(at, 1, stray)),
);

const mutatedText: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(pipelineText, pipelineText, seriesText, grammarText),
    fc.array(fc.tuple(change, fc.nat()), { minLength: 1, maxLength: 3 }),
  )
  .map(([text, changes]) => {
    const tokens = text.match(TOKEN) ?? [];
    for (const [apply, at] of changes) apply(tokens, at % (tokens.length + 1));
    return tokens.join("");
  });

const of = (kind: CorpusKind, texts: fc.Arbitrary<string>, weight: number) => ({
  weight,
  arbitrary: texts.map((text): CorpusQuery => ({ kind, text })),
});

const corpusQuery: fc.Arbitrary<CorpusQuery> = fc.oneof(
  of("pipeline", pipelineText, 25),
  of("series", seriesText, 15),
  of("grammar", grammarText, 10),
  of("mutated", mutatedText, 35),
  of("hostile", hostileQuery, 15),
);

/** So many queries of a seed, each made when it is asked for. */
export function* queryCorpus(seed: number, count: number): Generator<CorpusQuery> {
  for (let made = 0; made < count; made += CHUNK) {
    yield* fc.sample(corpusQuery, { seed: seed + made, numRuns: Math.min(CHUNK, count - made) });
  }
}
