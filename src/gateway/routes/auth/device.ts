import Bowser from 'bowser';

const MAX_READ_CHARACTERS = 512;
const MAX_SHOWN_CHARACTERS = 80;

const UNKNOWN = 'unknown device';

/** A device as people recognise it, such as `Firefox on Linux`, from a `User-Agent` (RFC 9110, section 10.1.5). */
export function deviceOf(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return UNKNOWN;
  const text = userAgent.slice(0, MAX_READ_CHARACTERS);
  const { browser, os } = Bowser.parse(text);
  const known = [browser.name, os.name].filter((name) => name !== undefined && name !== '');
  const named = known.length > 0 ? known.join(' on ') : (text.split(/[\s/]/)[0] ?? '');
  return named.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_SHOWN_CHARACTERS) || UNKNOWN;
}
