import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalRedis, startLocalRedis } from '../../../src/dev/redis/local-server.ts';
import type { ServerBinary } from '../../../src/dev/redis/server-binary.ts';
import { serverBinary } from '../../../src/dev/redis/start.ts';
import { Refusal } from '../../../src/refusal.ts';
import { isAlive } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

let scratch: string;
let binary: ServerBinary;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'portcullis-local-'));
  const found = await serverBinary(process.env);
  if (found instanceof Refusal) throw new Error(found.detail);
  binary = found;
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

async function withServer<T>(directory: string, persist: boolean, work: (server: LocalRedis) => Promise<T>) {
  const server = await startLocalRedis({ binary, directory, persist });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function ask(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ socket: { path: url.slice('unix://'.length), tls: false } });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

test.concurrent('persisted data survives a stop and a start', async () => {
  const directory = join(scratch, 'kept');
  await withServer(directory, true, ({ url }) => ask(url, 'SET', 'balance', '10000000'));
  const after = await withServer(directory, true, ({ url }) => ask(url, 'GET', 'balance'));
  expect(after).toBe('10000000');
});

test.concurrent('without persistence nothing is written to disk', async () => {
  const directory = join(scratch, 'forgotten');
  await withServer(directory, false, ({ url }) => ask(url, 'SET', 'a', 'b'));
  expect(await readdir(directory)).toEqual(['redis.log']);
});

test.concurrent('only the owner can access the socket, and no port is open', async () => {
  const directory = join(scratch, 'private');
  await mkdir(directory, { mode: 0o777 });
  await withServer(directory, false, async ({ url }) => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(url.slice('unix://'.length))).mode & 0o777).toBe(0o700);
    expect(await ask(url, 'CONFIG', 'GET', 'port')).toEqual({ port: '0' });
  });
});

test.concurrent('a directory whose path is too long for a socket works, and the link to it is removed', async () => {
  const directory = join(scratch, 'a-long-name-'.repeat(15));
  const link = await withServer(directory, false, async ({ url }) => {
    expect(await ask(url, 'PING')).toBe('PONG');
    expect(Buffer.byteLength(url)).toBeLessThan(100);
    return url.slice('unix://'.length, -'/d/redis.sock'.length);
  });
  await expect(stat(link)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.concurrent('a second server on the same data is refused, and the first one keeps working', async () => {
  const directory = join(scratch, 'shared');
  await withServer(directory, true, async ({ url }) => {
    await expect(startLocalRedis({ binary, directory, persist: true })).rejects.toMatchObject({
      code: 'redis_did_not_start',
      message: expect.stringContaining('is Portcullis running already?'),
    });
    expect(await ask(url, 'PING')).toBe('PONG');
  });
});

test.concurrent('a server that cannot start reports the reason and the end of its log', async () => {
  const directory = join(scratch, 'broken');
  await mkdir(join(directory, 'appendonlydir'), { recursive: true });
  await writeFile(join(directory, 'appendonlydir/appendonly.aof.manifest'), 'nonsense\n');
  await expect(startLocalRedis({ binary, directory, persist: true })).rejects.toMatchObject({
    code: 'redis_did_not_start',
    message: expect.stringMatching(/ended with exit code 1[\s\S]*manifest/),
  });
});

test.concurrent.each([
  ['at work', 'ready to exit, bye bye'],
  ['frozen', 'ready to accept connections'],
])('a server that is %s ends when its parent is killed with SIGKILL', async (state, lastWords) => {
  const directory = join(scratch, `orphan-${state.replace(' ', '-')}`);
  const parent = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../support/redis-parent.ts'), directory],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isAlive(pid)).toBe(true);
  if (state === 'frozen') process.kill(pid, 'SIGSTOP');
  parent.kill('SIGKILL');
  await until(() => !isAlive(pid));
  expect(await readFile(join(directory, 'redis.log'), 'utf8')).toMatch(new RegExp(`${lastWords}.*\\s*$`));
});
