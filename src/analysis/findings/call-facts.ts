/** What an outgoing call is, from the attributes of its CLIENT span. */

import type { Attributes } from "../../model/attribute-value.ts";
import { databaseNameOf, peerNameOf } from "../peer-names.ts";
import type { FindingSpan } from "./finding.ts";
import { queryShape } from "./query-shape.ts";

/** What is known of one call. */
export interface CallFacts {
  /** What it does, without values: the shape of a query, or method, peer and path. Like calls have equal labels. */
  readonly label: string;
  readonly isDatabase: boolean;
  /** True when it is known to change nothing: calls of which that is not known may have to keep their order. */
  readonly isRead: boolean;
  /** True when it says that it ran out of time. */
  readonly isTimeout: boolean;
  /** True when it says that it was sent before. */
  readonly isResent: boolean;
  /** The query or URL with its values, "" when there is none or when its values are elsewhere. */
  readonly exactText: string;
}

const QUERY_KEYS: readonly string[] = ["db.query.text", "db.statement"];
const QUERY_SUMMARY_KEYS: readonly string[] = ["db.query.summary"];
const DATABASE_OPERATION_KEYS: readonly string[] = ["db.operation.name", "db.operation"];
const COLLECTION_KEYS: readonly string[] = ["db.collection.name", "db.sql.table", "db.mongodb.collection"];
const HTTP_METHOD_KEYS: readonly string[] = ["http.request.method", "http.method"];
const URL_KEYS: readonly string[] = ["url.template", "url.full", "http.url", "url.path", "http.target"];
const FULL_URL_KEYS: readonly string[] = ["url.full", "http.url"];
const RPC_METHOD_KEYS: readonly string[] = ["rpc.method"];
const RPC_SERVICE_KEYS: readonly string[] = ["rpc.service"];
const ERROR_TYPE_KEYS: readonly string[] = ["error.type"];
const HTTP_STATUS_KEYS: readonly string[] = ["http.response.status_code", "http.status_code"];
const GRPC_STATUS_KEYS: readonly string[] = ["rpc.response.status_code", "rpc.grpc.status_code"];
const RESEND_KEYS: readonly string[] = ["http.request.resend_count", "http.resend_count"];

/** First words of queries and commands that only read: of SQL, Redis, MongoDB, search engines. */
const READING_VERBS: ReadonlySet<string> = new Set(
  (
    "select show describe explain with values get mget hget hgetall hmget exists lrange llen smembers sismember scard " +
    "zrange zscore zcard scan keys ttl find findone count countdocuments distinct aggregate search msearch query getitem " +
    "batchgetitem scanitems"
  ).split(" "),
);
const READING_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** Names of remote procedures that read, by convention; `GetUser` and `get_user` do, `Getaway` does not. */
const READING_PROCEDURE =
  /^(?:[Gg]et|[Ll]ist|[Ff]ind|[Ss]earch|[Rr]ead|[Ff]etch|[Qq]uery|[Ll]ookup|[Cc]ount)(?![a-z])/;
const TIMEOUT_WORDS = /time[d_ -]*out|deadline/i;
const HTTP_TIMEOUTS: ReadonlySet<string> = new Set(["408", "504"]);
const GRPC_TIMEOUTS: ReadonlySet<string> = new Set(["4", "DEADLINE_EXCEEDED"]);

/** Reads what a CLIENT span says of its call. */
export function callFactsOf({ name, attributes }: Pick<FindingSpan, "name" | "attributes">): CallFacts {
  const isDatabase = databaseNameOf(attributes) !== undefined;
  return {
    ...(isDatabase ? queryFacts(name, attributes) : remoteFacts(name, attributes)),
    isDatabase,
    isTimeout: isTimeout(attributes),
    isResent: Number(textIn(attributes, RESEND_KEYS)) > 0,
  };
}

type WhatIsCalled = Pick<CallFacts, "label" | "isRead" | "exactText">;

function queryFacts(name: string, attributes: Attributes): WhatIsCalled {
  const text = textIn(attributes, QUERY_KEYS);
  const operation = textIn(attributes, DATABASE_OPERATION_KEYS);
  const collection = textIn(attributes, COLLECTION_KEYS);
  const named = textIn(attributes, QUERY_SUMMARY_KEYS) || `${operation} ${collection}`.trim();
  const shape = queryShape(text);
  const verb = (operation || shape || name).trimStart().split(/[\s({]/, 1)[0] ?? "";
  return {
    label: shape || (collection === "" ? name : named) || name,
    isRead: READING_VERBS.has(verb.toLowerCase()),
    // With placeholders the values are not in the text, so equal texts may ask for different things.
    exactText: shape === "" || hasPlaceholder(text) ? "" : text,
  };
}

/** A placeholder of any dialect, perhaps one inside a literal: then the text only counts as less exact than it is. */
function hasPlaceholder(text: string): boolean {
  return /\?|\$\d|%s|(?<![:\w]):[a-z_]|(?<!@)@[a-z_]/i.test(text);
}

function remoteFacts(name: string, attributes: Attributes): WhatIsCalled {
  const peer = peerNameOf(attributes) ?? "";
  const procedure = textIn(attributes, RPC_METHOD_KEYS);
  if (procedure !== "") {
    const service = textIn(attributes, RPC_SERVICE_KEYS);
    const called = procedure.slice(procedure.lastIndexOf("/") + 1);
    return {
      label: service === "" ? procedure : `${service}/${procedure}`,
      isRead: READING_PROCEDURE.test(called),
      exactText: "",
    };
  }
  const method = textIn(attributes, HTTP_METHOD_KEYS).toUpperCase();
  if (method === "") return { label: peer === "" ? name : `${name} ${peer}`, isRead: false, exactText: "" };
  const fullUrl = textIn(attributes, FULL_URL_KEYS);
  return {
    label: `${method} ${peer}${pathShape(textIn(attributes, URL_KEYS))}`,
    isRead: READING_METHODS.has(method),
    // Some senders put the template of the route there.
    exactText: fullUrl.includes("{") ? "" : fullUrl,
  };
}

/** The path of a URL with `?` for every part that has a digit in it: ids have, names of things seldom do. */
function pathShape(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split(/[?#]/, 1)[0] ?? "";
  return path
    .slice(0, 1_024)
    .split("/")
    .map((part) => (/\d/.test(part) ? "?" : part))
    .join("/");
}

function isTimeout(attributes: Attributes): boolean {
  return (
    TIMEOUT_WORDS.test(textIn(attributes, ERROR_TYPE_KEYS)) ||
    HTTP_TIMEOUTS.has(textIn(attributes, HTTP_STATUS_KEYS)) ||
    GRPC_TIMEOUTS.has(textIn(attributes, GRPC_STATUS_KEYS))
  );
}

function textIn(attributes: Attributes, keys: readonly string[]): string {
  for (const key of keys) {
    const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number" || typeof value === "bigint") return String(value);
  }
  return "";
}
