import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { hasPackedChromium, unpackedChromium } from './packed-chromium.ts';

const run = promisify(execFile);

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC_PROGRAMS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const VERSION_TIMEOUT_MS = 10_000;

/** A Chromium or Chrome that runs on this machine. */
export interface ChromiumBinary {
  path: string;
  /** Additional environment variables, such as the path of its libraries. */
  env: Readonly<Record<string, string>>;
}

/** There is no browser. The message says what to install. The tests fail in this case; they are not skipped. */
export class BrowserNotFound extends Error {
  readonly code = 'browser_not_found';
  override readonly name = 'BrowserNotFound';

  constructor(tried: readonly string[]) {
    super(`The browser tests need Chromium or Chrome and found none:
${tried.map((reason) => `  - ${reason}`).join('\n')}
Any one of these is enough:
  Debian:           sudo apt-get install chromium
  macOS:            brew install --cask google-chrome
  anywhere else:    CHROME_PATH=/path/to/chrome npm test`);
  }
}

/**
 * Finds a browser: `CHROME_PATH`, which must run if it is set; one on the PATH; on a Mac, one among the applications; or
 * the one in the package `@sparticuz/chromium` for Linux on x64, with its libraries and fonts.
 * @throws {BrowserNotFound}
 */
export async function chromiumBinary(env: NodeJS.ProcessEnv = process.env): Promise<ChromiumBinary> {
  if (env.CHROME_PATH) {
    const fault = await faultOf(env.CHROME_PATH);
    if (fault !== undefined) throw new BrowserNotFound([`CHROME_PATH: ${env.CHROME_PATH} ${fault}`]);
    return { path: env.CHROME_PATH, env: {} };
  }
  const tried: string[] = [];
  for await (const path of installedPrograms(env.PATH ?? '')) {
    const fault = await faultOf(path);
    if (fault === undefined) return { path, env: {} };
    tried.push(`${path} ${fault}`);
  }
  tried.push(`no working ${NAMES.join(', ')} on the PATH`);
  if (hasPackedChromium()) return unpackedChromium();
  throw new BrowserNotFound([...tried, 'the one from npm is for Linux on x64 only']);
}

async function* installedPrograms(searchPath: string): AsyncGenerator<string> {
  const folders = searchPath.split(delimiter).filter(Boolean);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const programs = process.platform === 'darwin' ? [...onPath, ...MAC_PROGRAMS] : onPath;
  for (const path of programs) if (await isExecutable(path)) yield path;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** A program may not be a browser: Ubuntu's `chromium-browser` can be a script that only explains how to install it. */
async function faultOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return /\d+\.\d+\.\d+/.test(stdout) ? undefined : 'does not print its version';
  } catch {
    return 'does not run';
  }
}
