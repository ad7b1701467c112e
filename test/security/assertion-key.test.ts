import { decodeJwt, SignJWT } from 'jose';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, problemOf } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';

const test = gatewayTest();

test('an access token that the key of assertions signed is refused without asking Redis or the upstream', async ({
  gateway,
  upstream,
}) => {
  const token = await gateway.login();
  const { assertionKey, kid } = gateway.ring.signing;
  const claims = decodeJwt(token);
  const sign = (header: object): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: assertionKey.kid, ...header })
      .sign(assertionKey.privateKey);
  const [, payload, signature] = (await sign({})).split('.');
  const relabeled = (kidGiven: string): string =>
    `${Buffer.from(JSON.stringify({ alg: 'PS256', typ: 'at+jwt', kid: kidGiven })).toString('base64url')}.${payload}.${signature}`;
  const forged = [await sign({}), await sign({ kid }), relabeled(kid), relabeled(assertionKey.kid)];
  for (const one of forged)
    await expectRefusal(
      { gateway, upstream },
      async () => problemOf(await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(one) })),
      { status: 401, code: 'token_invalid' },
    );
});
