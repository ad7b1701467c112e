import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { stackTest } from '../support/fixtures.ts';

const ROOT = join(import.meta.dirname, '../..');
const [, CODE = ''] =
  /```js\n([^`]*`[^`]*`[^`]*)```/.exec(readFileSync(join(ROOT, 'docs/services.md'), 'utf8')) ?? [];

const test = stackTest();
const strictTest = stackTest({ DPOP_NONCES: 'required' });

const run = (gateway: string) =>
  promisify(execFile)(process.execPath, ['--input-type=module', '-e', CODE], {
    cwd: ROOT,
    env: { GATEWAY: gateway },
  });

test('the client in docs/services.md logs in with a key and uses its token', async ({ stack }) => {
  expect(await run(stack.settings.issuer)).toEqual({ stdout: 'DPoP 200\n', stderr: '' });
});

strictTest('the client in docs/services.md sends the nonce that a gateway requires', async ({ stack }) => {
  expect(await run(stack.settings.issuer)).toEqual({ stdout: 'DPoP 200\n', stderr: '' });
});
