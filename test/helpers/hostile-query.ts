/** Queries made to do harm: deep, long, slow to match, out of every range. */

import fc from "fast-check";
import {
  MAX_NESTING,
  MAX_OPERATORS,
  MAX_QUERY_BYTES,
  MAX_SELECTED_FIELDS,
  MAX_SPANSET_OPERATORS,
  MAX_STAGES,
} from "../../src/traceql/limits.ts";

/** Counts about a limit: well below, at it, one over, and far over. */
const about = (limit: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: 1, max: limit }),
    fc.constantFrom(limit - 1, limit, limit + 1, limit * 2, limit * 20),
  );

const joined = (part: string, count: number, by: string): string => Array(count).fill(part).join(by);

const deep: fc.Arbitrary<string> = fc
  .tuple(
    about(MAX_NESTING),
    fc.constantFrom<(depth: number) => string>(
      (depth) => `{ ${"(".repeat(depth)}.a = 1${")".repeat(depth)} }`,
      (depth) => `${"(".repeat(depth)}{ }${")".repeat(depth)}`,
      (depth) => `{ ${"!".repeat(depth)}.a }`,
      (depth) => `{ ${"-".repeat(depth)}.a = 1 }`,
      (depth) => `{ .a = 2${" ^ 2".repeat(depth)} }`,
      (depth) => `${"({ } > ".repeat(depth)}{ }${")".repeat(depth)}`,
      (depth) => `${"(".repeat(depth)}{ } | rate()${")".repeat(depth)}`,
      (depth) => `${"(".repeat(depth)}{ }`,
      (depth) => `{ ${"(!(-".repeat(depth)}.a`,
    ),
  )
  .map(([depth, make]) => make(depth));

/** Chains that are worked out of every span: the costliest that are let through. */
const chain: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(about(MAX_OPERATORS), fc.constantFrom("||", "&&", "+", "*", "-", "=", "^"))
    .map(([count, operator]) => `{ ${joined(".a", count, ` ${operator} `)} = 1 }`),
  about(MAX_OPERATORS).map(
    (count) => `{ ${Array.from({ length: count }, (_, at) => `.a = ${at}`).join(" || ")} }`,
  ),
);

const wide: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      about(MAX_SPANSET_OPERATORS),
      fc.constantFrom("&&", "||", ">", ">>", "<<", "~", "!>>", "!~", "&>>", "&~"),
    )
    .map(([count, operator]) => joined("{ }", count, ` ${operator} `)),
  fc
    .tuple(about(MAX_STAGES), fc.constantFrom("{ }", "by(.a)", "coalesce()", "count() > 0", "{ .a = 1 }"))
    .map(([count, stage]) => `{ } | ${joined(stage, count, " | ")}`),
  about(MAX_SELECTED_FIELDS).map(
    (count) => `{ } | select(${Array.from({ length: count }, (_, at) => `span.k${at}`).join(", ")})`,
  ),
  fc.integer({ min: 1, max: 40 }).map((count) => `{ } | rate() by(${joined("span.a", count, ", ")})`),
  fc
    .integer({ min: 1, max: 500 })
    .map((count) => `{ } | quantile_over_time(duration, ${joined("0.5", count, ", ")})`),
  fc.integer({ min: 1, max: 300 }).map((count) => joined("({ } | rate())", count, " + ")),
);

const PIECES = [
  "a",
  " ",
  "(",
  "{",
  "!",
  '"',
  "`",
  "/* ",
  "// ",
  "\\",
  ".a ",
  "1",
  "1h",
  "é",
  "😀",
  "\0",
  "\n",
];

const long: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...PIECES),
    fc.constantFrom(
      1_000,
      10_000,
      60_000,
      MAX_QUERY_BYTES - 20,
      MAX_QUERY_BYTES,
      MAX_QUERY_BYTES + 1,
      300_000,
    ),
    fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => `{ ${text} }`,
      (text) => `{ .a = "${text}" }`,
      (text) => `{ .a = \`${text}\` }`,
      (text) => `{ .${text} = 1 }`,
      (text) => `{ ."${text}" = 1 }`,
      (text) => `{ .a =~ "${text}" }`,
      (text) => `{ .a = ${text} }`,
    ),
  )
  .map(([piece, bytes, make]) => make(piece.repeat(Math.ceil(bytes / Buffer.byteLength(piece)))));

const PATTERNS = [
  ..."(a+)+$ (a*)*b (a|a)*b (a|aa)+$ (.*)*x (.*.*.*)=.* ^(([a-z])+.)+[A-Z]([a-z])+$ (x+x+)+y".split(" "),
  ..."a{1000} a{1001} (a{1000}){1000} ((a{100}){100}){100} (a{0,1000}){0,1000} x{0}{0} (){1000} (|){1000}".split(
    " ",
  ),
  ..."\\\\pL{500} [^a]{900} .{1000} (?i)k{999} \\\\p{Greek}+ [[:alpha:]]{800} \\\\x{10FFFF} [\\\\x00-\\\\x{10FFFF}]".split(
    " ",
  ),
  ..."(?=a) (?<=a)b (a)\\\\1 (?P<n>a) (?<n>a) [ [a ( ) (?: * + ? a** a{ a{1 a{2,1} \\\\ \\\\z \\\\C \\\\8 [z-a] (?z)".split(
    " ",
  ),
  ...[
    "^$",
    "\\\\b",
    "(?s).*",
    "(?m)^x$",
    "😀+",
    "\ud800",
    "\0",
    "",
    "x|",
    "|||||",
    "$^",
    "(?U)a*?",
    "\\\\Q.*",
    "\\\\E",
  ],
];

const pattern: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...PATTERNS),
  fc.tuple(fc.constantFrom(...PATTERNS), fc.constantFrom(...PATTERNS)).map(([left, right]) => left + right),
  fc
    .tuple(fc.constantFrom(...PATTERNS), fc.integer({ min: 0, max: 3_000 }))
    .map(([one, times]) => `(${one}){${times}}`),
  fc.integer({ min: 1, max: 3_000 }).map((count) => joined("a", count, "|")),
  fc.integer({ min: 1, max: 1_500 }).map((depth) => `${"(".repeat(depth)}a${")".repeat(depth)}`),
  fc.string({ maxLength: 30 }).map((text) => text.replace(/["\\]/g, "\\$&")),
);

const slow: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("name", ".a", "resource.service.name", "event:name", "trace:id", "duration", "selfTime"),
    fc.constantFrom("=~", "!~"),
    pattern,
    fc.constantFrom("", " | rate()", " | compare({ .a =~ `(x+x+)+y` })"),
  )
  .map(([field, operator, text, end]) => `{ ${field} ${operator} "${text}" }${end}`);

const NUMBERS = [
  ..."9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 1e308 1e309 1e-400".split(
    " ",
  ),
  ..."0.0000000000000000000000000000001 00000000001 0 -0 -0.0 minInt maxInt 1.7976931348623157e308 5e-324".split(
    " ",
  ),
  ..."106751d 106752d 2562047h 2562048h 9223372036s 9223372037s 1ns 0s 99999999999999999999y 1h1h1h 1.5d 0.1ns".split(
    " ",
  ),
  ...["9".repeat(400), `${"9".repeat(400)}h`, `1e${"9".repeat(50)}`, `0.${"0".repeat(400)}1`],
];

const number = fc.constantFrom(...NUMBERS);

const extreme: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        "duration",
        ".a",
        "nestedSetLeft",
        "selfTime",
        "span:childCount",
        "event:timeSinceStart",
      ),
      fc.constantFrom("+", "-", "*", "/", "%", "^"),
      number,
      fc.constantFrom("=", "!=", "<", ">="),
      number,
    )
    .map(
      ([field, operator, left, comparison, right]) =>
        `{ ${field} ${operator} ${left} ${comparison} ${right} }`,
    ),
  fc
    .tuple(number, fc.constantFrom("+", "-", "*", "/", "%", "^"), number)
    .map(([left, operator, right]) => `{ duration > ${left} ${operator} ${right} }`),
  fc
    .tuple(fc.constantFrom("count()", "sum(duration)", "max(.a)"), fc.constantFrom(">", "=", "/ 0 >"), number)
    .map(([left, sign, right]) => `{ } | ${left} ${sign} ${right}`),
  fc
    .tuple(fc.constantFrom("topk", "bottomk"), number)
    .map(([name, count]) => `{ } | rate() by(span:id) | ${name}(${count})`),
  fc.tuple(fc.constantFrom(">", "<", "="), number).map(([sign, value]) => `{ } | rate() ${sign} ${value}`),
  fc.tuple(number, number, number).map((parts) => `{ } | compare({ .a = 1 }, ${parts.join(", ")})`),
  number.map((quantile) => `{ } | quantile_over_time(duration, ${quantile})`),
  fc
    .tuple(fc.constantFrom("sample", "exemplars", "most_recent", "x"), number)
    .map(([hint, value]) => `{ } | rate() with(${hint}=${value})`),
  fc
    .tuple(fc.constantFrom("+", "-", "*", "/"), number)
    .map(([operator, value]) => `({ } | rate()) ${operator} ${value}`),
  fc.tuple(number, number).map(([left, right]) => `{ ${left} ^ ${right} ^ ${left} = 1 }`),
);

const noise: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 50 }).map((text) => `{ .a = ${JSON.stringify(text)} }`),
  fc.string({ unit: "binary", minLength: 1, maxLength: 50 }).map((text) => `{ .${text} = 1 }`),
  fc.constantFrom(
    "{ .a\0b = 1 }",
    '{ .a = "\0" }',
    '{ .a = "\ud800" }',
    "{ .\udfff = 1 }",
    '{ .a = "\\ud800" }',
    "\0",
  ),
);

/** A query that is made to do harm; some of them are valid. */
export const hostileQuery: fc.Arbitrary<string> = fc.oneof(
  { weight: 15, arbitrary: deep },
  { weight: 1, arbitrary: chain },
  { weight: 15, arbitrary: wide },
  { weight: 5, arbitrary: long },
  { weight: 25, arbitrary: slow },
  { weight: 25, arbitrary: extreme },
  { weight: 15, arbitrary: noise },
);
