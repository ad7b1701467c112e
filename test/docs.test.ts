import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GENERATED_PAGES, SETTING_NAMES, withTables } from '../scripts/docs.ts';
import { tour } from '../src/dev/tour.ts';
import { ATTACKS } from '../src/probe/battery.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'bench/RESULTS.md'],
  ...globSync('docs/**/*.md', { cwd: ROOT }),
];

describe('the threat model', () => {
  const TEST_REFERENCE = /`(test\/[\w./-]+\.test\.ts)` › "([^"]+)"/g;
  const ATTACK_REFERENCE = /`probe: ([^`]+)`/g;
  const text = read('docs/threat-model.md');

  test('names only tests and attacks that exist', () => {
    const tests = [...text.matchAll(TEST_REFERENCE)];
    const attacks = [...text.matchAll(ATTACK_REFERENCE)].map(([, id]) => id);
    expect(tests.length).toBeGreaterThan(90);
    expect(attacks.length).toBeGreaterThan(50);
    const missing = tests.filter(([, file = '', title = '']) => !hasTest(file, title));
    expect(missing.map(([reference]) => reference)).toEqual([]);
    expect(attacks.filter((id) => !ATTACKS.some((attack) => attack.id === id))).toEqual([]);
  });

  test('names a test or an attack for every guarantee', () => {
    const guarantees = guaranteesOf(text);
    expect(guarantees.length).toBeGreaterThan(60);
    expect(guarantees.filter((item) => !/› "|`probe: /.test(item))).toEqual([]);
  });

  test('has a list of tests for every group of guarantees', () => {
    const sections = text.split(/^## /m).filter((section) => /^\d/.test(section));
    const groups = sections.flatMap((section) => section.split(/^### /m).slice(1));
    expect(groups.length).toBeGreaterThan(10);
    const unproven = groups.filter((group) => guaranteesOf(group).length === 0);
    expect(unproven.map((group) => group.split('\n')[0])).toEqual([]);
  });
});

/** Whether a test file has a test with this title, in any kind of quotation marks. */
function hasTest(file: string, title: string): boolean {
  const source = existsSync(join(ROOT, file)) ? read(file) : '';
  const quoted = [`'${title.replaceAll("'", String.raw`\'`)}'`, `"${title}"`, `\`${title}\``];
  return quoted.some((text) => source.includes(text));
}

/** The items of the lists below `Tests:`, each a guarantee and what proves it. */
const guaranteesOf = (text: string): string[] =>
  text
    .split(/^Tests:$/m)
    .slice(1)
    .flatMap((list) => (list.split(/^#/m)[0] ?? '').split(/^- /m).slice(1));

describe('the generated tables', () => {
  test.each(GENERATED_PAGES)('in %s are up to date (`npm run docs` updates them)', (page) => {
    expect(read(page)).toBe(withTables(read(page)));
    expect(read(page)).toContain('\n|---|');
  });

  test('list every setting exactly once', () => {
    const listed = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      ([, name]) => name,
    );
    expect(listed.sort()).toEqual([...SETTING_NAMES].sort());
  });
});

describe('the README', () => {
  test('has the tour that `npm start` prints, each step with its sentence', () => {
    for (const { description, commands } of tour('http://127.0.0.1:8080'))
      expect(read('README.md')).toContain([description, '```sh', ...commands, '```'].join('\n'));
  });

  test('says how many attacks `portcullis probe` makes', () => {
    expect(read('README.md')).toContain(`\`${ATTACKS.length} attacks, 0 accepted\``);
  });

  test('has at most 130 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(130);
  });
});

describe.each(PAGES)('%s', (page) => {
  test('names only files and folders of the project that exist', () => {
    const paths = [...read(page).matchAll(/(?<![\w./-])(?:src|test|docs|scripts|bench)\/[\w./-]*[\w/]/g)];
    const missing = paths.map(([path]) => path).filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  test('links only to pages and headings that exist', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? page : join(dirname(page), path);
      return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
