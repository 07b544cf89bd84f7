// Takes secrets out of texts that are logged, stored or answered: tokens of this server, links of annotators, credentials in addresses and headers.

const LEFT = '…';
/** Names of parameters whose values are secrets: token, access_token, api_key, X-Amz-Signature, sig, password … */
const SECRET_NAME = /(token|secret|passw|pwd|signature|^sig$|auth(?!or)|credential|session|cookie|key$)/i;

const patterns: readonly (readonly [pattern: RegExp, instead: string | ((...parts: string[]) => string)])[] = [
  // Tokens and sessions of Facewright, and those of the hubs and forges that people paste: Hugging Face, GitHub, GitLab, OpenAI, AWS.
  [/\b(fw[ts]_|hf_|gh[pousr]_|github_pat_|glpat-|sk-|AKIA)[\w-]{16,}/g, `$1${LEFT}`],
  // Whoever has the link of an annotator may vote.
  [/(\/judge\/|\/annotators\/)[\w-]{16,}/g, `$1${LEFT}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${LEFT}`],
  // user:password@ of an address
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#@"'<>]+@/gi, `$1${LEFT}@`],
  [/([?&;#]|\b)([\w.-]+)=([^\s&;#"'<>]+)/g, (all, before = '', name = '') => (SECRET_NAME.test(name) ? `${before}${name}=${LEFT}` : all)],
];

/** The text with `…` in place of every secret that shows by its form, and of the given ones wherever they stand. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, LEFT);
  for (const [pattern, instead] of patterns) clean = clean.replace(pattern, instead as string);
  return clean;
}

/** Names of variables: narrower, since PWD is a folder and a session that of a desktop. */
const SECRET_VARIABLE = /(token|secret|passw|credential|key$)/i;

/** Values of an environment that are secrets by their name; those too short to be one would blot out ordinary words. */
export const secretsOf = (environment: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value.length >= 8 && SECRET_VARIABLE.test(name) ? [value] : [],
  );
