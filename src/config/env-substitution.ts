/** `${env:NAME}` in the configuration file, as the OpenTelemetry Collector writes it. */

const REFERENCE = /\$\$|\$\{([^}]*)\}/g;
const NAME_AND_DEFAULT = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Text with its references replaced, or what is wrong with one of them. */
export type Substitution = { readonly text: string } | { readonly problem: string };

/**
 * Replaces `${env:NAME}` and `${env:NAME:-default}`; the default also stands in for an empty variable, `$$` is a
 * dollar sign. Replaced text is not looked at again.
 */
export function substituteEnvironment(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Substitution {
  let problem: string | undefined;
  const replaced = text.replace(REFERENCE, (whole: string, inside: string | undefined) => {
    if (whole === "$$") return "$";
    const match = NAME_AND_DEFAULT.exec(inside ?? "");
    if (match === null) {
      problem ??= `expected \${env:NAME} or \${env:NAME:-default}, got ${whole} (a plain dollar sign is $$)`;
      return whole;
    }
    const [, name, fallback] = match;
    const value = env[name as string];
    if (value !== undefined && (value !== "" || fallback === undefined)) return value;
    if (fallback !== undefined) return fallback;
    problem ??= `the environment variable ${name} is not set; set it or write \${env:${name}:-default}`;
    return whole;
  });
  return problem === undefined ? { text: replaced } : { problem };
}
