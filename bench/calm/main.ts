import { parseArgs } from 'node:util';
import { z } from 'zod';
import { measureCalm } from './measure.ts';
import { SCENARIOS } from './scenarios.ts';
import { TABLE_HEAD, tableRow } from './summary.ts';

/*
 * `node bench/calm/main.ts`: measures what logged-in connections experience beside floods.
 *
 *   --seconds 10           for each scenario
 *   --only logins,…        scenarios besides `quiet`
 *   --addresses 50         source addresses of the flood
 *   --rate 10              requests per second of each of the 64 logged-in connections
 *   --gateway-cores 0      as taskset takes them
 *   --set NAME=VALUE       a setting of the gateway; may be repeated
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', default: SCENARIOS.join() },
    addresses: { type: 'string', default: '50' },
    rate: { type: 'string', default: '10' },
    'gateway-cores': { type: 'string', default: '0' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const positive = z.coerce.number().positive();
const only = z.array(z.enum(SCENARIOS)).parse(values.only.split(','));

process.stdout.write(`${TABLE_HEAD}\n`);
const results = await measureCalm({
  seconds: positive.parse(values.seconds),
  scenarios: SCENARIOS.filter((scenario) => scenario === 'quiet' || only.includes(scenario)),
  floodAddresses: positive.parse(values.addresses),
  ratePerConnection: positive.parse(values.rate),
  gatewayCores: values['gateway-cores'],
  gatewayEnv: Object.fromEntries(values.set.map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
  onResult: (result) => process.stdout.write(`${tableRow(result)}\n`),
});
if (results.some(({ failures }) => failures > 0)) process.exitCode = 1;
