import { logInBound } from '../support/bound-session.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { rawProblemOf, sendRaw } from '../support/raw-http.ts';
import { expectRefusal } from '../support/refusal.ts';

const test = gatewayTest();

test('two DPoP headers are refused, although either would do', async ({ gateway, upstream }) => {
  const bound = await logInBound(gateway);
  const lines = [
    'GET /bank/accounts HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: DPoP ${bound.tokens.access_token}`,
    `DPoP: ${bound.proof('GET', '/bank/accounts')}`,
    `dpop: ${bound.proof('GET', '/bank/accounts')}`,
  ];
  const send = async () => rawProblemOf(await sendRaw(gateway.url, `${lines.join('\r\n')}\r\n\r\n`));
  await expectRefusal({ gateway, upstream }, send, { status: 401, code: 'dpop_proof_invalid' });
});
