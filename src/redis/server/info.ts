import type { RedisClient } from '../client.ts';

/** A replica as its primary knows it. */
export interface ReplicaState {
  /** `host:port`. */
  address: string;
  /** Such as `online`. */
  state: string;
  /** Bytes of replicated commands that it has not acknowledged. */
  behindBytes: number;
  /** Seconds since its last acknowledgement. */
  lagSeconds: number;
}

/** What `INFO` says about a server. A field is undefined if this server does not have it. */
export interface ServerInfo {
  runId: string | undefined;
  replicationId: string | undefined;
  role: 'primary' | 'replica' | undefined;
  /** The server's clock, in milliseconds since the epoch. */
  timeMs: number | undefined;
  isLoading: boolean;
  memoryUsedBytes: number | undefined;
  /** 0 without a limit. */
  memoryMaxBytes: number | undefined;
  evictionPolicy: string | undefined;
  appendOnly: boolean | undefined;
  /** Whether the last write to the append-only file succeeded. */
  appendOnlyWritten: boolean | undefined;
  /** Bytes that this server has replicated, or would have. */
  replicationOffset: number | undefined;
  replicas: readonly ReplicaState[];
}

const SECTIONS = ['server', 'memory', 'persistence', 'replication'];

/** Reads `INFO`. @throws an error reply, such as `NOPERM` */
export async function readInfo(client: RedisClient): Promise<ServerInfo> {
  return parseInfo(String(await client.sendCommand(['INFO', ...SECTIONS])));
}

/** Parses a reply to `INFO`, which has one `name:value` per line. */
export function parseInfo(text: string): ServerInfo {
  const fields = new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
  const number = (name: string): number | undefined => integerOf(fields.get(name));
  const isOne = (name: string): boolean | undefined =>
    fields.has(name) ? fields.get(name) === '1' : undefined;
  const timeUs = number('server_time_usec');
  const written = fields.get('aof_last_write_status');
  const replicationOffset = number('master_repl_offset');
  return {
    runId: fields.get('run_id'),
    replicationId: fields.get('master_replid'),
    role: roleOf(fields.get('role')),
    timeMs: timeUs === undefined ? undefined : timeUs / 1000,
    isLoading: isOne('loading') ?? false,
    memoryUsedBytes: number('used_memory'),
    memoryMaxBytes: number('maxmemory'),
    evictionPolicy: fields.get('maxmemory_policy'),
    appendOnly: isOne('aof_enabled'),
    appendOnlyWritten: written === undefined ? undefined : written === 'ok',
    replicationOffset,
    replicas: [...fields].flatMap(([name, value]) =>
      /^slave\d+$/.test(name) ? [replicaOf(value, replicationOffset ?? 0)] : [],
    ),
  };
}

const integerOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;

function roleOf(text: string | undefined): ServerInfo['role'] {
  if (text === 'master') return 'primary';
  return text === 'slave' ? 'replica' : undefined;
}

/** Parses `ip=…,port=…,state=…,offset=…,lag=…`. */
function replicaOf(text: string, primaryOffset: number): ReplicaState {
  const fields = new Map(text.split(',').map((field) => field.split('=', 2) as [string, string]));
  return {
    address: `${fields.get('ip')}:${fields.get('port')}`,
    state: fields.get('state') ?? '',
    behindBytes: Math.max(0, primaryOffset - (integerOf(fields.get('offset')) ?? 0)),
    lagSeconds: integerOf(fields.get('lag')) ?? 0,
  };
}
