import { describe, expect, it } from "vitest";
import { patternSize } from "../../src/filter/pattern-size.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { TraceQlError } from "../../src/traceql/traceql-error.ts";

/** What is wrong with a query and where, or `undefined`. */
function faultOf(text: string): readonly [string, string, string | undefined] | undefined {
  try {
    parseQuery(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TraceQlError)) throw error;
    return [text.slice(error.start, error.end), error.expected, error.suggestion];
  }
}

describe("a query that fits together", () => {
  it.each([
    "{ true }",
    "{ .a }",
    "{ .a && !.b }",
    "{ .a = .b }",
    "{ duration > 5 && duration > 5.5 && duration > 5s }",
    "{ duration / 2 > span:selfTime + 1ms }",
    '{ name > "a" && "a" != name }',
    "{ .a = true && .b = error && .c = server }",
    "{ status = error && kind != client }",
    "{ (.a = 1) = (.b = 2) }",
    "{ .a = nil && nil != .b && .service.name = nil && resource.service.name != nil && event:name != nil }",
    '{ name =~ "a.*" && .b !~ "c|d" && statusMessage =~ `\\d+(?i:x)` }',
    '{ trace:id = "0af7651916cd43dd8448eb211c80319c" && span:childCount > 2 }',
    "{ .a ^ 2 % 3 = -(.b) }",
    "{} | by(duration > 1s) | avg(.a + 1) > 5 | coalesce()",
    "{} | max(duration) > 2 * avg(duration)",
    "by(.a) | count() > 2",
    "{} | orderBy(name, asc) | orderBy(sum(.a))",
    "{} | min_over_time(.a) by (.a, .b, .c, .d, .e)",
    "{} | compare({ status = error }, 1000, 1, 2)",
    "{} | quantile_over_time(span:selfTime, 0, 1) | topk(1)",
  ])("is %s", (text) => {
    expect(faultOf(text)).toBeUndefined();
  });
});

const CONDITION = "a condition that is true or false";

describe("a query that does not fit together", () => {
  it.each([
    // Filters are conditions.
    ["{ name }", "name", CONDITION, undefined],
    ["{ 1 }", "1", CONDITION, undefined],
    ["{ .a + 1 }", ".a + 1", CONDITION, undefined],
    ["{ nil }", "nil", CONDITION, undefined],
    ["{ .a } >> ({ duration } | count() > 1)", "duration", CONDITION, undefined],
    // Operators have operands they can take.
    ["{ name + 1 = 2 }", "name", "numbers or durations beside `+`", undefined],
    ['{ .a * "2" = 2 }', '"2"', "numbers or durations beside `*`", "write it without quotes: `2`"],
    ["{ .a && 1 }", "1", "conditions beside `&&`", undefined],
    ["{ name || .a }", "name", "conditions beside `||`", undefined],
    ["{ -name = 1 }", "name", "a number or duration behind `-`", undefined],
    ["{ !duration }", "duration", "true or false behind `!`", undefined],
    // Comparisons are between values of one type.
    ["{ name = 5 }", "5", "a text, as the other side of `=`", "a text has quotes"],
    [
      '{ duration > "5s" }',
      '"5s"',
      "a number or duration, as the other side of `>`",
      "write it without quotes: `5s`",
    ],
    [
      '{ "5" < duration }',
      '"5"',
      "a number or duration, as the other side of `<`",
      "write it without quotes: `5`",
    ],
    [
      '{ status = "error" }',
      '"error"',
      "a status, as the other side of `=`",
      "write it without quotes: `error`",
    ],
    [
      '{ kind != "server" }',
      '"server"',
      "a kind, as the other side of `!=`",
      "write it without quotes: `server`",
    ],
    ["{ status = server }", "server", "a status, as the other side of `=`", undefined],
    ["{ name = duration }", "duration", "a text, as the other side of `=`", undefined],
    ["{ 1 = true }", "1", "true or false, as the other side of `=`", undefined],
    [
      "{ status > error }",
      "status",
      "a number, duration or text beside `>`",
      "`=` and `!=` compare everything",
    ],
    ["{ .a < true }", "true", "a number, duration or text beside `<`", "`=` and `!=` compare everything"],
    // What every span has is not compared with nil.
    ["{ duration = nil }", "duration", "an attribute beside `nil`", "every span has its intrinsics"],
    ["{ nil = event:name }", "event:name", "an attribute beside `nil`", "every span has its intrinsics"],
    [
      "{ resource.service.name = nil }",
      "resource.service.name",
      "an attribute that may be absent beside `= nil`",
      "every resource has a service name",
    ],
    ["{ nil = nil }", "nil", "an attribute beside `nil`", undefined],
    ["{ .a > nil }", ".a > nil", "`=` or `!=` beside `nil`, which has no order", undefined],
    // Regular expressions are literals that compile.
    ["{ .a =~ .b }", ".b", "a regular expression in quotes behind `=~`", undefined],
    ["{ .a =~ 5 }", "5", "a regular expression in quotes behind `=~`", undefined],
    ['{ duration !~ "5" }', "duration", "a text before `!~`", undefined],
    [
      '{ .a =~ "(" }',
      '"("',
      "a regular expression of RE2, which has no look-around and no back-references",
      undefined,
    ],
    [
      "{ .a =~ `(?=b)` }",
      "`(?=b)`",
      "a regular expression of RE2, which has no look-around and no back-references",
      undefined,
    ],
    [
      '{ .a =~ "*" }',
      '"*"',
      "a regular expression of RE2, which has no look-around and no back-references",
      undefined,
    ],
    // Stages.
    ["coalesce()", "coalesce()", "a stage before `coalesce()`", undefined],
    ["(coalesce() | {}) && {}", "coalesce()", "a stage before `coalesce()`", undefined],
    ["{} | by(1)", "1", "a field to group by", undefined],
    ["{} | avg(name) > 1", "name", "a number or duration for `avg`", undefined],
    ["{} | sum(1) > 1", "1", "a field of the span for `sum`", undefined],
    ["{} | 1 > 2", "1 > 2", "an aggregate such as `count()` in a comparison of numbers", undefined],
    ["{} | orderBy(max(status))", "status", "a number or duration for `max`", undefined],
    ["{} | by(name + 1)", "name", "numbers or durations beside `+`", undefined],
    // Functions over time.
    ["{} | avg_over_time(name)", "name", "a number or duration for `avg_over_time`", undefined],
    ["{} | rate() by (.a, .b, .c, .d, .e, .f)", ".f", "at most 5 fields in `by`", undefined],
    ["{} | rate() | topk(0)", "topk(0)", "a whole number, 1 or more, for `topk`", undefined],
    ["{} | rate() | bottomk(-1)", "-", "a whole number, 1 or more", undefined],
    ["{} | rate() | topk(1.5)", "1.5", "a whole number", undefined],
    ["{} | compare({}, 0)", "compare({}, 0)", "1 to 1000 values for `compare`", undefined],
    ["{} | compare({}, 1001)", "compare({}, 1001)", "1 to 1000 values for `compare`", undefined],
    ["{} | compare({}, 5, 2, 2)", "compare({}, 5, 2, 2)", "a start before the end for `compare`", undefined],
    ["{} | compare({ name })", "name", CONDITION, undefined],
    ["{} | compare({}) | topk(5)", "topk(5)", "nothing behind `compare`", undefined],
    ["{} | compare({}) > 5", "> 5", "nothing behind `compare`", undefined],
    ["({} | rate()) / ({ name } | rate())", "name", CONDITION, undefined],
    // Hints.
    ["{} with(sample=2)", "2", "`true`, `false` or a share above 0 and up to 1", undefined],
    ['{} with(most_recent="yes")', '"yes"', "`true` or `false`", undefined],
    ["{} with(exemplars=101)", "101", "`true`, `false` or a whole number up to 100", undefined],
    ["{} with(sample=true, sample=0.5)", "sample", "`sample` once", undefined],
  ])("is %s, because of %s", (text, at, expected, suggestion) => {
    expect(faultOf(text)).toEqual([at, expected, suggestion]);
  });
});

describe("hints", () => {
  it.each(["sample", "span_sample", "trace_sample", "exemplars", "most_recent", "extrapolate"])(
    "that are safe are kept: %s",
    (name) => {
      expect(parseQuery(`{} with(${name}=true)`).hints).toMatchObject([{ name, value: { value: true } }]);
      expect(parseQuery(`{} with(${name}=true)`).hints[0]).not.toHaveProperty("ignored");
    },
  );

  it.each([
    ...["job_size", "time_overlap_cutoff", "concurrent_blocks", "spanonly_fetch", "skip_ast_transformations"],
    ...["info", "debug_anything", "debug"],
  ])("about the inner workings of others are ignored, whatever their value: %s", (name) => {
    expect(parseQuery(`{} with(${name}="x")`).hints).toMatchObject([{ name, ignored: true }]);
    expect(parseQuery(`{} with(${name}=-5)`).hints).toMatchObject([{ name, ignored: true }]);
  });
});

describe("the size of a regular expression", () => {
  it.each([
    ["abc", 3],
    ["a{100}", 100],
    ["(ab){100}", 300],
    ["((a{10}){10}){10}", 1110],
    ["[a-z(]{5}", 5],
    ["[]a]{5}b", 6],
    ["\\d{3,7}", 7],
    ["\\({2}", 2],
    ["a{x}", 4],
    ["\\pL\\PN", 42],
    ["[а-я]", 401],
    ["[\\x{400}-\\x{500}]{2}", 802],
    ["ж", 1],
  ])("of %s is %i", (pattern, size) => {
    expect(patternSize(pattern)).toBe(size);
  });

  it("is bounded for all of a query together", () => {
    const half = `.a =~ "(bcde){190}"`;
    const fault = faultOf(`{ ${half} && ${half} && ${half} }`);
    expect(faultOf(`{ ${half} && ${half} }`)).toBeUndefined();
    expect(fault).toEqual([
      '"(bcde){190}"',
      "regular expressions of at most 2000 steps in a query",
      "`a{100}` counts as 100 steps",
    ]);
  });
});
