import { DEMO_USERS } from './demo-users.ts';
import type { DevPlan } from './plan.ts';

interface TourStep {
  description: string;
  commands: readonly string[];
}

const JSON_BODY = "-H 'Content-Type: application/json'";
const as = (token: string): string => `-H "Authorization: Bearer $${token}"`;

/** Extracts the first value of a member from JSON. */
const first = (member: string): string => `grep -o '"${member}":"[^"]*"' | head -n 1 | cut -d '"' -f 4`;

function logIn(token: string, username: string): string {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const body = JSON.stringify({ username, password });
  return `${token}=$(curl -s $GATEWAY/auth/login ${JSON_BODY} -d '${body}' | ${first('access_token')})`;
}

/** A tour with curl for any POSIX shell, pasted line by line: no comments, and no program beyond grep, head and cut. */
export const tour = (gatewayUrl: string): readonly TourStep[] => [
  {
    description: 'Log in as a customer and keep the access token:',
    commands: [`GATEWAY=${gatewayUrl}`, logIn('TOKEN', 'bob')],
  },
  {
    description:
      'Show the session with its user, role, scopes and expiry, and call the demo bank through the gateway:',
    commands: [
      `curl -s $GATEWAY/auth/session ${as('TOKEN')}; echo`,
      `curl -s $GATEWAY/bank/accounts ${as('TOKEN')}; echo`,
      `ACCOUNT=$(curl -s $GATEWAY/bank/accounts ${as('TOKEN')} | ${first('id')})`,
      `curl -s "$GATEWAY/bank/accounts/$ACCOUNT/transactions?limit=3" ${as('TOKEN')}; echo`,
    ],
  },
  {
    description:
      'Log in on a second device, list both sessions and end the second (204). Its token is revoked (401):',
    commands: [
      logIn('PHONE', 'bob'),
      `curl -s $GATEWAY/auth/sessions ${as('TOKEN')}; echo`,
      `SESSION=$(curl -s $GATEWAY/auth/session ${as('PHONE')} | ${first('session_id')})`,
      `curl -s -w '%{http_code}\\n' -X DELETE $GATEWAY/auth/sessions/$SESSION ${as('TOKEN')}`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${as('PHONE')}`,
    ],
  },
  {
    description: 'Log out (204). The token is revoked immediately (401):',
    commands: [
      `curl -s -o /dev/null -w '%{http_code}\\n' -X POST $GATEWAY/auth/logout ${as('TOKEN')}`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${as('TOKEN')}`,
    ],
  },
  {
    description:
      'Log in with a key (DPoP), in the directory of `npm start`. Copies of the token and of a request are refused (401):',
    commands: ['npx node examples/dpop-client/client.ts $GATEWAY'],
  },
  {
    description: 'As an admin, block bob. His next request is rejected (401). Then unblock him:',
    commands: [
      logIn('TOKEN', 'bob'),
      logIn('ADA', 'ada'),
      `BOB=$(curl -s "$GATEWAY/admin/users?q=bob" ${as('ADA')} | ${first('id')})`,
      `curl -s -X POST $GATEWAY/admin/users/$BOB/block ${as('ADA')}; echo`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/bank/accounts ${as('TOKEN')}`,
      `curl -s -X POST $GATEWAY/admin/users/$BOB/unblock ${as('ADA')}; echo`,
    ],
  },
  {
    description:
      'As the super-admin, demote ada. Her unchanged token can no longer list users (403). Then restore her role:',
    commands: [
      logIn('ROOT', 'root'),
      `ADAS=$(curl -s "$GATEWAY/admin/users?q=ada" ${as('ROOT')} | ${first('id')})`,
      `curl -s -X PUT $GATEWAY/admin/users/$ADAS/role ${as('ROOT')} ${JSON_BODY} -d '{"role":"user"}'; echo`,
      `curl -s -w ' %{http_code}\\n' $GATEWAY/admin/users ${as('ADA')}`,
      `curl -s -X PUT $GATEWAY/admin/users/$ADAS/role ${as('ROOT')} ${JSON_BODY} -d '{"role":"admin"}'; echo`,
    ],
  },
  {
    description: 'Show the latest records of the audit log:',
    commands: [`curl -s "$GATEWAY/admin/audit?limit=5" ${as('ROOT')}; echo`],
  },
];

/** The message that `portcullis dev` prints when everything is ready. */
export function welcome(
  { gatewayUrl, gateway }: Pick<DevPlan, 'gatewayUrl' | 'gateway'>,
  places: readonly (readonly [string, string])[],
): string {
  const openOrCall =
    gateway.webApp === 'on' ? `open ${gatewayUrl} in a browser (demo logins below)` : gatewayUrl;
  const logins = DEMO_USERS.map(
    ({ username, password, role }) => `  ${username.padEnd(8)} ${password.padEnd(14)} ${role}`,
  );
  const steps = tour(gatewayUrl).map(
    ({ description, commands }) => `${description}\n${commands.map((command) => `  ${command}`).join('\n')}`,
  );
  return `
Portcullis is ready: ${openOrCall}

${places.map(([what, where]) => `  ${what.padEnd(8)} ${where}`).join('\n')}

Demo logins:
${logins.join('\n')}
${gateway.smtpUrl === undefined && gateway.mailToLog === 'on' ? "\nEmails, such as password reset links, are written to the gateway's log.\n" : ''}
A tour with curl; paste it line by line:

${steps.join('\n\n')}

Ctrl-C stops Redis, the bank and the gateway. The next start uses the same users, sessions and balances.
`;
}
