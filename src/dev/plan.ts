import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import {
  type BankSettings,
  bankSettings,
  type Environment,
  type GatewaySettings,
  gatewaySettings,
  SettingsRefused,
} from '../config/load.ts';

/** `portcullis dev` cannot run with these settings. The message names the setting to change. */
export class DevRefused extends Error {
  readonly code = 'dev_refused';
  override readonly name = 'DevRefused';
}

/** Where everything listens and stores its data. */
export interface DevPlan {
  gateway: GatewaySettings;
  bank: BankSettings;
  gatewayUrl: string;
  bankUrl: string;
  dataDirectory: string;
  redisDirectory: string;
}

/**
 * Chooses the ports, and sets the addresses on which the gateway and the bank must agree. It never changes what the
 * user has set. @throws {DevRefused} {@link SettingsRefused}
 */
export async function planDev(env: Environment): Promise<DevPlan> {
  if (env.NODE_ENV === 'production')
    throw new DevRefused(
      'NODE_ENV: `portcullis dev` creates users with well-known passwords and does not run in production',
    );
  const asked = readBoth(env);
  const { gatewayHost } = asked.gateway;
  const { bankHost } = asked.bank;
  const gatewayPort = await freePort('GATEWAY_PORT', gatewayHost, asked.gateway.gatewayPort);
  const bankPort = await freePort('BANK_PORT', bankHost, asked.bank.bankPort, gatewayPort);
  const gatewayUrl = `http://${reachable(gatewayHost)}:${gatewayPort}`;
  const bankUrl = `http://${reachable(bankHost)}:${bankPort}`;
  const chosen = {
    ...env,
    ...unlessGiven(env, 'ISSUER', gatewayUrl),
    ...unlessGiven(env, 'BANK_URL', bankUrl),
    ...unlessGiven(env, 'MAIL_TO_LOG', 'on'),
    ...unlessGiven(env, 'SHUTDOWN_SETTLE_MS', '0'),
    ...unlessGiven(env, 'HEALTH_PORT', '0'),
    ...unlessGiven(env, 'JWKS_URL', `${gatewayUrl}/.well-known/jwks.json`),
    ...{ GATEWAY_PORT: `${gatewayPort}`, GATEWAY_PORT_FILE: undefined },
    ...{ BANK_PORT: `${bankPort}`, BANK_PORT_FILE: undefined },
  };
  const dataDirectory = resolve(asked.gateway.dataDir);
  const redisDirectory = join(dataDirectory, 'redis');
  return { ...readBoth(chosen), gatewayUrl, bankUrl, dataDirectory, redisDirectory };
}

/** The settings of both. @throws {SettingsRefused} naming the invalid settings of both */
function readBoth(env: Environment): Pick<DevPlan, 'gateway' | 'bank'> {
  const faults = [gatewaySettings, bankSettings].flatMap((read) => {
    try {
      read(env);
      return [];
    } catch (fault) {
      if (fault instanceof SettingsRefused) return fault.faults;
      throw fault;
    }
  });
  if (faults.length > 0) throw new SettingsRefused([...new Set(faults)]);
  return { gateway: gatewaySettings(env), bank: bankSettings(env) };
}

const unlessGiven = (env: Environment, name: string, value: string): Environment =>
  env[name] || env[`${name}_FILE`] ? {} : { [name]: value };

/** The address to connect to, given the one to listen on. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** The port if it is free, or any free port for 0. @throws {DevRefused} */
function freePort(setting: string, host: string, port: number, taken?: number): Promise<number> {
  return new Promise((settle, refuse) => {
    const probe = createServer();
    const refused = (why: string) =>
      refuse(
        new DevRefused(`port ${port} ${why}: choose another, such as ${setting}=${port + 10} npm start`),
      );
    probe.on('error', (fault: NodeJS.ErrnoException) => {
      if (fault.code === 'EADDRINUSE') refused('is already in use');
      else if (fault.code === 'EACCES') refused('needs more privileges');
      else
        refuse(
          new DevRefused(`${setting.replace('PORT', 'HOST')}: cannot listen on this address (${fault.code})`),
        );
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => {
        const free = address !== null && typeof address === 'object' ? address.port : port;
        if (free === taken) refused('is set for both the gateway and the bank');
        else settle(free);
      });
    });
  });
}
