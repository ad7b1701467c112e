import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { routesTable } from '../scripts/routes-table.ts';
import { settingsTable } from '../scripts/settings-table.ts';
import { tour } from '../src/dev/tour.ts';
import { ATTACKS } from '../src/probe/battery.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('every test that the threat model names exists, and every attack', () => {
  const page = read('docs/threat-model.md');
  const tests = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)` › "([^"]+)"/g)];
  const attacks = [...page.matchAll(/`probe: ([^`]+)`/g)].map(([, id]) => id);
  expect(tests.length).toBeGreaterThan(20);
  expect(attacks.length).toBeGreaterThan(40);
  const missing = tests.filter(([, file = '', title = '']) => !hasTest(read(file), title));
  expect(missing.map(([reference]) => reference)).toEqual([]);
  expect(attacks.filter((id) => !ATTACKS.some((attack) => attack.id === id))).toEqual([]);
});

/** Whether a test file holds a title, in either kind of quotation marks. */
const hasTest = (source: string, title: string): boolean =>
  [`'${title.replaceAll("'", String.raw`\'`)}'`, `"${title}"`, `\`${title}\``].some((text) =>
    source.includes(text),
  );

test('every row of the threat model that claims a guarantee names what shows it', () => {
  const rows = read('docs/threat-model.md')
    .split('\n')
    .filter((line) => /^\| .* \|$/.test(line) && line.split(' | ').length >= 3 && !line.includes('shown by'));
  const guarantees = rows.filter((line) => !/^\| (?:boundary|client|reverse|gateway →|operator)/.test(line));
  expect(guarantees.length).toBeGreaterThan(30);
  expect(guarantees.filter((line) => !/› "|`probe: /.test(line))).toEqual([]);
});

test("the README's table of settings is the one that the settings give", () => {
  expect(read('README.md')).toContain(settingsTable());
});

test("the README's table of routes is the one that the description of the API gives", () => {
  expect(read('README.md')).toContain(routesTable());
});

test("the README's tour is the one that npm start prints", () => {
  const commands = tour('http://127.0.0.1:8080').flatMap((step) => step.commands);
  expect(read('README.md')).toContain(['```sh', ...commands, '```'].join('\n'));
});
