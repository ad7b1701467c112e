import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { stackTest } from '../support/fixtures.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/dpop-client');
const README = readFileSync(join(EXAMPLE, 'README.md'), 'utf8');
/** The output as the README shows it. */
const [, OUTPUT = ''] = /```\n(logged in[^`]*)```/.exec(README) ?? [];

const run = (url: string): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [join(EXAMPLE, 'client.ts'), url]);

const test = stackTest();
const strictTest = stackTest({ DPOP_NONCES: 'required' });

test('the example client prints what its README says', async ({ stack }) => {
  expect(await run(stack.settings.issuer)).toEqual({ stdout: OUTPUT, stderr: '' });
  expect(OUTPUT.split('\n')).toHaveLength(9);
});

strictTest('the example client sends the nonce that a gateway requires', async ({ stack }) => {
  expect(await run(stack.settings.issuer)).toEqual({ stdout: OUTPUT, stderr: '' });
});
