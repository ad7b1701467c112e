import { responseBody } from '../load/response.ts';
import { ClientConnection } from './client-connection.ts';
import { type CalmPlan, receivePlan, sendResult } from './messages.ts';
import { runOpenLoop } from './open-loop.ts';
import { readAccounts } from './requests.ts';

/*
 * The process of the logged-in connections: a constant rate of requests on each of them. A connection has an address of
 * its own, so that the limits per network are those of as many customers.
 */

const plan = await receivePlan<CalmPlan>();
const expected = responseBody();

let told = 0;
/** Says why a request failed, a few times. */
function tell(what: string): void {
  told += 1;
  if (told <= 3) process.stderr.write(`a logged-in connection failed: ${what}\n`);
}

const senders = plan.accessTokens.map((token, index) => {
  const connection = new ClientConnection(plan.url, `127.1.0.${index + 1}`);
  const request = readAccounts(token);
  return async (): Promise<boolean> => {
    try {
      const { status, body } = await connection.request(request);
      if (status !== 200) tell(`${status} ${body}`);
      return status === 200 && body.equals(expected);
    } catch (error) {
      tell(`${error}`);
      return false;
    }
  };
});

sendResult(await runOpenLoop({ senders, requestsPerSecond: plan.requestsPerSecond, seconds: plan.seconds }));
