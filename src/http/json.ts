import { Refusal } from '../refusal.ts';

const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i;

export interface ParsedJson {
  text: string;
  value: unknown;
}

/** The tokens of valid JSON that matter here: strings, and the punctuation that says which of them are member names. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * Parses a body of JSON in UTF-8 (RFC 8259), if its `Content-Type` says so. Objects with two members of the same name are refused: parsers disagree on which of
 * them counts (section 4), so a service in front could have checked another value than the one that is used.
 */
export function parseJson(
  contentType: string | undefined,
  bytes: Uint8Array,
): ParsedJson | Refusal<'body_not_json' | 'body_wrong'> {
  if (!JSON_TYPE.test(contentType ?? '')) return new Refusal('body_not_json');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return hasDuplicateMembers(text) ? wrong('must not have two members of the same name') : { text, value };
  } catch {
    return wrong('must be JSON in UTF-8');
  }
}

const wrong = (message: string): Refusal<'body_wrong'> =>
  new Refusal('body_wrong', { errors: [{ field: '', message }] });

/** Whether an object in valid JSON has two members whose names are the same after unescaping. Linear in its length. */
function hasDuplicateMembers(text: string): boolean {
  const open: Set<string>[] = [];
  let latest = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const members = open.at(-1);
      const name = JSON.parse(latest) as string;
      if (members?.has(name)) return true;
      members?.add(name);
    } else latest = token;
  }
  return false;
}
