import Bowser from 'bowser';

const MAX_USER_AGENT = 512;
const MAX_DEVICE_NAME = 80;

const UNKNOWN_DEVICE = 'unknown device';

/** A device name for people, such as `Firefox on Linux`, from a `User-Agent` (RFC 9110, section 10.1.5). */
export function deviceNameOf(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return UNKNOWN_DEVICE;
  const text = userAgent.slice(0, MAX_USER_AGENT);
  const { browser, os } = Bowser.parse(text);
  const known = [browser.name, os.name].filter((name) => name !== undefined && name !== '');
  const name = known.length > 0 ? known.join(' on ') : (text.split(/[\s/]/)[0] ?? '');
  return name.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_DEVICE_NAME) || UNKNOWN_DEVICE;
}
