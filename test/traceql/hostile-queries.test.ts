import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_QUERY_BYTES,
  MAX_SELECTED_FIELDS,
  MAX_SPANSET_OPERATORS,
  MAX_STAGES,
} from "../../src/traceql/limits.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { TraceQlError } from "../../src/traceql/traceql-error.ts";
import { randomQuery } from "./random-query.ts";

/** Whether a text is a query; anything thrown but the error of the language fails the test. */
function isQuery(text: string): boolean {
  try {
    parseQuery(text);
    return true;
  } catch (error) {
    if (!(error instanceof TraceQlError)) throw error;
    expect(error.start).toBeLessThanOrEqual(error.end);
    expect(error.end).toBeLessThanOrEqual(Math.max(text.length, error.start));
    expect(error.column).toBeGreaterThan(0);
    return false;
  }
}

const PIECES = [
  ..."{ } ( ) = ! ~ < > & | ^ , . + - * / % \" ` ' \\ // /* */ && || >> << !> &>> !~ =~ == nil".split(" "),
  ...[
    " ",
    "\n",
    ".a",
    "span.",
    'resource."a b"',
    "duration",
    "span:",
    "parent.",
    "true",
    "error",
    "1",
    "1.5s",
  ],
  ...[
    "count()",
    "by(",
    "coalesce()",
    "select(",
    "rate()",
    "compare({",
    "topk(",
    "with(",
    "sample",
    "😀",
    "\ud800",
  ],
];

describe("a text that is no query", () => {
  it("is refused by an error of the language, whatever it is", () => {
    const piecewise = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((parts) => parts.join(""));
    const anything = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), piecewise);
    fc.assert(
      fc.property(anything, (text) => {
        isQuery(text);
        isQuery(`{ ${text} }`);
      }),
      { numRuns: 2000 },
    );
  });

  it("is refused by an error of the language when it is a query cut short or changed", () => {
    const change = fc.record({ at: fc.nat(), drop: fc.nat({ max: 3 }), put: fc.constantFrom("", ...PIECES) });
    fc.assert(
      fc.property(randomQuery, fc.nat(), fc.array(change, { maxLength: 3 }), (query, cut, changes) => {
        let text = printQuery(query);
        isQuery(text.slice(0, cut % (text.length + 1)));
        for (const { at, drop, put } of changes) {
          const start = at % (text.length + 1);
          text = text.slice(0, start) + put + text.slice(start + drop);
        }
        isQuery(text);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ...[
      "{",
      "(",
      "!",
      "-",
      '"',
      "`",
      "'",
      "\\",
      "{}",
      "{.a}",
      "{}|",
      "{}&&",
      "{}>>",
      "//",
      "/*",
      "/**/",
      "1",
      "1h",
    ],
    ...[
      "{.a",
      ".a",
      '."a"',
      ".",
      "count()",
      "by(.a)|",
      "{(",
      "{!",
      "{.a=",
      "{.a||",
      "{.a^",
      "{ -",
      "\n",
      "😀",
    ],
    ...[
      '{.a="',
      '{."',
      "{}|select(.a,",
      "{}|rate()|topk(1)|",
      "{}with(sample=1,",
      "({}|rate())+",
      "1+",
      "((1)+",
    ],
    ...["{.a=1}&&", '{.a=~"(a|b)*', "a.", "a:", "{}|by(", "{}|orderBy(.a)|", "{a.b"],
  ])("ends soon when it is %j over and over", (piece) => {
    // A reader that is not linear takes minutes for one of these, which the time limit of a test does not give it.
    isQuery(piece.repeat(MAX_QUERY_BYTES / piece.length / 2));
    isQuery(`{ ${piece.repeat(MAX_QUERY_BYTES / piece.length / 2 - 2)} }`);
  });
});

describe("a query of many parts", () => {
  const chain = (count: number, operator: string): string => Array(count).fill("{ }").join(` ${operator} `);

  it.each(["||", "&&", ">>", "!~"])("has at most so many spansets joined by %s", (operator) => {
    expect(() => parseQuery(chain(MAX_SPANSET_OPERATORS + 1, operator))).not.toThrow();
    expect(() => parseQuery(chain(MAX_SPANSET_OPERATORS + 2, operator))).toThrow(
      `expected at most ${MAX_SPANSET_OPERATORS} operators between spansets`,
    );
  });

  it("has at most so many stages, wherever they stand", () => {
    expect(() => parseQuery(chain(MAX_STAGES, "|"))).not.toThrow();
    expect(() => parseQuery(chain(MAX_STAGES + 1, "|"))).toThrow(`expected at most ${MAX_STAGES} stages`);
  });

  it("selects at most so many fields", () => {
    const select = (count: number): string => `{ } | select(${Array(count).fill(".a").join(", ")})`;
    expect(() => parseQuery(select(MAX_SELECTED_FIELDS))).not.toThrow();
    expect(() => parseQuery(select(MAX_SELECTED_FIELDS + 1))).toThrow(
      `expected at most ${MAX_SELECTED_FIELDS}`,
    );
  });

  it("has one order, behind everything else", () => {
    expect(() => parseQuery("({ } | orderBy(duration)) || { }")).toThrow(
      "line 1, column 8: expected `orderBy` behind all operators between spansets",
    );
    expect(() => parseQuery("({ } || { }) | orderBy(duration)")).not.toThrow();
  });
});
