/** Starts a private Redis in the given directory, prints its process id, and runs until it is killed. */
import { startLocalRedis } from '../../src/dev/redis/local-server.ts';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { Refusal } from '../../src/refusal.ts';

const binary = await serverBinary(process.env);
if (binary instanceof Refusal) throw new Error(binary.detail);
const server = await startLocalRedis({ binary, directory: process.argv[2] ?? '', persist: true });
process.stdout.write(`${server.pid}\n`);
setInterval(() => {}, 60_000);
