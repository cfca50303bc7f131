import fc from "fast-check";
import { expect, test } from "vitest";
import { queryShape } from "../../src/analysis/findings/query-shape.ts";

test.each([
  ["SELECT * FROM stock WHERE id = $1", "SELECT * FROM stock WHERE id = ?"],
  ["SELECT * FROM stock WHERE id = 42", "SELECT * FROM stock WHERE id = ?"],
  ["select a from t where b = 'O''Hara' and c = 'it\\'s'", "select a from t where b = ? and c = ?"],
  ["SELECT a FROM t1 WHERE b IN (1, 2,3 ,  4)", "SELECT a FROM t1 WHERE b IN (?)"],
  ["SELECT a FROM t WHERE b IN (?, ?, ?) AND c > -1.5e-10", "SELECT a FROM t WHERE b IN (?) AND c > -?"],
  ["SELECT a\n\t FROM  t -- all of them\n WHERE b = 1", "SELECT a FROM t WHERE b = ?"],
  ["/* by: app */ SELECT a /* one */ FROM t", "SELECT a FROM t"],
  [
    "SELECT a::text, @@version FROM t WHERE b = :name AND c = @p1",
    "SELECT a::text, @@version FROM t WHERE b = ? AND c = ?",
  ],
  ["SELECT a FROM t WHERE b = %s AND c LIKE '%s'", "SELECT a FROM t WHERE b = ? AND c LIKE ?"],
  ["SELECT 0xFF, 1.5, x1y2 FROM größe2", "SELECT ?, x1y2 FROM größe2"],
  ["GET user:1234", "GET user:?"],
  ["SELECT 'never closed", "SELECT ?"],
  ["SELECT 1 /* never closed", "SELECT ?"],
  ["", ""],
])("%j has the shape %j", (text, shape) => {
  expect(queryShape(text)).toBe(shape);
});

test("the shape of a shape is the shape", () => {
  const pieces = fc.constantFrom(
    "SELECT",
    "'",
    "''",
    "\\",
    " ",
    "1",
    "a",
    "?",
    ",",
    "$",
    ":",
    "@",
    "-",
    "/*",
    "*/",
    "%s",
    ".",
    "e",
    "ß",
  );
  fc.assert(
    fc.property(
      fc.array(pieces).map((some) => some.join(" ")),
      (text) => {
        const shape = queryShape(text);
        expect(queryShape(shape)).toBe(shape);
        expect(shape.length).toBeLessThanOrEqual(text.length);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("texts that differ in their values alone have one shape", () => {
  const value = fc.oneof(
    fc.nat().map(String),
    fc.string().map((text) => `'${text.replace(/[\\']/g, "")}'`),
    fc.constantFrom("$1", "?", ":id", "@id", "%s"),
  );
  fc.assert(
    fc.property(value, fc.array(value, { minLength: 1 }), (one, list) => {
      expect(queryShape(`SELECT a FROM t WHERE b = ${one} AND c IN (${list.join(", ")})`)).toBe(
        "SELECT a FROM t WHERE b = ? AND c IN (?)",
      );
    }),
  );
});

test("only the beginning of a long text is looked at", () => {
  expect(queryShape(`SELECT ${"a, ".repeat(1_000_000)}`)).toHaveLength(2_048);
});
