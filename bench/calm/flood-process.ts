import { ClientConnection } from './client-connection.ts';
import { FLOODS } from './floods.ts';
import { type FloodPlan, receivePlan, sendResult } from './messages.ts';
import type { Flood } from './scenarios.ts';

/*
 * The process of a flood: each connection sends its next request as soon as it has the response to the last one,
 * without regard to `Retry-After`, until the parent tells it to stop, and until there has been a first response.
 */

const plan = await receivePlan<FloodPlan>();
const responses: Record<string, number> = {};
const hasResponse = Promise.withResolvers<void>();
let isStopped = false;

function count(what: string): void {
  if (isStopped && Object.keys(responses).length > 0) return;
  responses[what] = (responses[what] ?? 0) + 1;
  hasResponse.resolve();
}

async function run(index: number): Promise<void> {
  const address = plan.addresses[index % plan.addresses.length] ?? '127.0.0.1';
  const connection = new ClientConnection(plan.url, address);
  const attack = FLOODS[plan.flood as Flood]({ connection, plan, index });
  while (!isStopped) {
    try {
      const { status } = await attack();
      count(`${status}`);
    } catch {
      count('closed');
    }
  }
}

process.once('message', async () => {
  isStopped = true;
  await hasResponse.promise;
  sendResult({ responses });
});
await Promise.all(Array.from({ length: plan.connections }, (_, index) => run(index)));
