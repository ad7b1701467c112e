import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { Results } from '../report/results.ts';
import { infoField } from '../sessions/used-memory.ts';

const GIB = 1024 ** 3;

/** What the results depend on, without names or addresses of the machine. */
export const machine = (): Results['machine'] => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / GIB),
  system: `${distribution()}, Linux ${release().split('-')[0]}`,
});

/** Versions of what runs beside the contestants and of those that are not packages of npm. */
export async function versions(socketPath: string): Promise<Record<string, string>> {
  const found = {
    node: process.version,
    redis: await infoField(socketPath, 'server', 'redis_version'),
    nginx: firstMatch('nginx', ['-v'], /nginx\/([\d.]+)/),
    haproxy: firstMatch('haproxy', ['-v'], /version ([\d.]+)/),
    go: firstMatch('go', ['version'], /go([\d.]+)/),
    fastify: packageVersion('fastify'),
    express: packageVersion('express'),
  };
  return Object.fromEntries(Object.entries(found).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    string
  >;
}

function distribution(): string {
  const release = readFileSync('/etc/os-release', 'utf8');
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(release)?.[1] ?? 'Linux';
}

function firstMatch(command: string, args: readonly string[], pattern: RegExp): string | undefined {
  try {
    return pattern.exec(
      execFileSync('sh', ['-c', `${[command, ...args].join(' ')} 2>&1`], { encoding: 'utf8' }),
    )?.[1];
  } catch {
    return undefined;
  }
}

function packageVersion(name: string): string | undefined {
  try {
    const path = `${import.meta.dirname}/../node_modules/${name}/package.json`;
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}
