import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rooms of `src` from top to bottom. A file belongs to the room with the longest prefix of its path. */
const ROOMS: readonly (readonly string[])[] = [
  ['main'],
  ['cli'],
  ['dev', 'web', 'workers'],
  ['openapi', 'probe'],
  ['gateway', 'bank'],
  ['gateway/routes'],
  ['gateway/static', 'gateway/metrics'],
  ['gateway/pipeline'],
  ['gateway/proxy'],
  ['gateway/edge'],
  ['gateway/decision-log', 'gateway/rates', 'gateway/turns'],
  ['gateway/completion-log'],
  ['gateway/request-context', 'gateway/problems'],
  ['gateway/security-headers', 'gateway/site', 'gateway/shares'],
  ['sessions'],
  ['clients'],
  ['users'],
  ['audit', 'mail'],
  ['keys'],
  ['redis', 'jwt'],
  ['config'],
  ['http', 'metrics'],
  ['tracing'],
  ['log', 'refusal', 'request-record', 'random-text'],
  ['log-buffer'],
];

const FILES_PER_FOLDER_MAX = 15;
const LINES_MAX = 180;
const LINES_MIN = 25;

/** Folders with more files than `FILES_PER_FOLDER_MAX`, each with the reason. */
const LARGE_FOLDERS: Record<string, string> = {};

/** Files with fewer lines than `LINES_MIN`, each with the reason. */
const SMALL_FILES: Record<string, string> = {
  'cli/password-input.ts': 'shared by two commands',
  'gateway/proxy/body-buffers.ts': 'the only use of the garbage collector',
  'gateway/routes/auth/device-name.ts': 'shared by login and refresh',
  'http/event-stream.ts': 'shared by gateway and bank',
  'openapi/page/prose.ts': 'shared by three files of the page',
  'redis/whitelist-entry.ts': 'the only place with the format',
  'web/features/admin/role-rules.ts': 'tested against the rules of the server',
  'web/features/login/password-hint.ts': 'shared by three forms',
  'web/language.ts': 'has to be the first import',
  'web/main.tsx': 'the entry point of the build',
};

const SRC = join(import.meta.dirname, '../src');

const files = globSync('**/*.{ts,tsx}', { cwd: SRC }).sort();
const textOf = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));

/** The files that a file imports, types included, and those that it loads later with `import()`. */
const importsOf = (file: string): string[] =>
  [...(textOf.get(file) ?? '').matchAll(/(?:\bfrom|\bimport\(|^import)\s*'(\.[^']+)'/gm)]
    .map(([, path = '']) => join(dirname(file), path))
    .filter((path) => textOf.has(path));

const roomOf = (file: string): string | undefined =>
  ROOMS.flat()
    .filter((room) => file.startsWith(`${room}/`) || file.startsWith(`${room}.`))
    .sort((a, b) => b.length - a.length)[0];

const levelOf = (room: string): number => ROOMS.findIndex((level) => level.includes(room));

describe('the source', () => {
  test('belongs to the rooms that are listed', () => {
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  test('imports only what is further down, types included', () => {
    const upward = files.flatMap((file) =>
      importsOf(file)
        .filter((imported) => !pointsDown(roomOf(file) ?? '', roomOf(imported) ?? ''))
        .map((imported) => `${file} → ${imported}`),
    );
    expect(upward).toEqual([]);
  });

  test('has no circle of imports, types included', () => {
    expect(circleIn(files)).toEqual([]);
  });

  test('has no folder with too many files, but for those listed with a reason', () => {
    const counts = Map.groupBy(files, (file) => dirname(file));
    const large = [...counts].filter(([, inFolder]) => inFolder.length > FILES_PER_FOLDER_MAX);
    expect(large.map(([folder]) => folder).sort()).toEqual(Object.keys(LARGE_FOLDERS).sort());
  });

  test('has no file that is too long, and none that is too short, but for those listed with a reason', () => {
    const linesOf = (file: string): number => (textOf.get(file) ?? '').trimEnd().split('\n').length;
    expect(files.filter((file) => linesOf(file) > LINES_MAX)).toEqual([]);
    expect(files.filter((file) => linesOf(file) < LINES_MIN)).toEqual(Object.keys(SMALL_FILES).sort());
  });

  test('has no file or folder with an uninformative name', () => {
    const names = files.flatMap((file) => [
      ...dirname(file).split('/'),
      basename(file).replace(/\.\w+$/, ''),
    ]);
    expect(names.filter((name) => /^(?:utils?|helpers?|common|types|services|misc)$/.test(name))).toEqual([]);
  });
});

const pointsDown = (from: string, to: string): boolean => from === to || levelOf(from) < levelOf(to);

/** One circle of imports among the files, or an empty list. */
function circleIn(all: readonly string[]): string[] {
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return [];
    for (const imported of importsOf(file)) {
      const circle = visit(imported, [...path, file]);
      if (circle.length > 0) return circle;
    }
    finished.add(file);
    return [];
  };
  for (const file of all) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
